/**
 * Sockets that have not asked for anything yet. They hold no publisher's place: who connects and says nothing is let go
 * first, the oldest of the same address before others, so that a crowd of them keeps nobody else out.
 */
export class WaitingSockets<S> {
  readonly #max: number
  readonly #perAddressMax: number
  /** In the order in which they came. */
  readonly #addresses = new Map<S, string>()
  readonly #counts = new Map<string, number>()

  constructor(max: number, perAddressMax: number) {
    this.#max = max
    this.#perAddressMax = perAddressMax
  }

  /** Adds a socket; gives the one that must go for it. */
  enter(socket: S, address: string): S | undefined {
    const givesWay = (this.#counts.get(address) ?? 0) >= this.#perAddressMax ? this.#oldest(address) : this.#addresses.size >= this.#max ? this.#oldest() : undefined
    this.#addresses.set(socket, address)
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
    return givesWay
  }

  /** The socket has asked for something, or has gone. Answers whether it was waiting. */
  leave(socket: S): boolean {
    const address = this.#addresses.get(socket)
    if (address === undefined) return false
    this.#addresses.delete(socket)
    const left = (this.#counts.get(address) ?? 1) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
    return true
  }

  get size(): number {
    return this.#addresses.size
  }

  #oldest(of?: string): S | undefined {
    for (const [socket, address] of this.#addresses) if (of === undefined || address === of) return socket
    return undefined
  }
}
