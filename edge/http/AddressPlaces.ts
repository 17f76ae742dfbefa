/** Places for clients: so many in all, so many of one network address. */
export class AddressPlaces {
  readonly #max: number
  readonly #perAddressMax: number
  readonly #counts = new Map<string, number>()
  #taken = 0

  constructor(max: number, perAddressMax: number) {
    this.#max = max
    this.#perAddressMax = perAddressMax
  }

  /** Takes a place; gives how to give it back, once, or undefined where there is none. */
  take(address: string): (() => void) | undefined {
    const mine = this.#counts.get(address) ?? 0
    if (this.#taken >= this.#max || mine >= this.#perAddressMax) return undefined
    this.#counts.set(address, mine + 1)
    this.#taken += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#giveBack(address)
    }
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken
  }

  #giveBack(address: string): void {
    this.#taken -= 1
    const left = (this.#counts.get(address) ?? 1) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
