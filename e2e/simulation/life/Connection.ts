import type { ServerMessage } from '../../../edge/ingest/messages.ts'
import type { PublisherSession } from '../../../edge/ingest/PublisherSession.ts'
import type { World } from '../world/World.ts'
import type { EdgeMachine } from './machines.ts'

/** What a client hears of its connection. */
export interface ConnectionListener {
  readonly opened: () => void
  readonly text: (message: ServerMessage) => void
  readonly closed: (code: number, reason: string) => void
}

/** Abnormal closure: no close frame came. */
const BROKEN = 1006

/** One WebSocket between a client and an edge: both directions in order, each with its delay, until it breaks or is closed. */
export class Connection {
  readonly #world: World
  readonly #edge: EdgeMachine
  readonly #listener: ConnectionListener
  readonly #process: EdgeMachine['process']
  #session: PublisherSession | undefined
  #toEdge_ms = 0
  #toClient_ms = 0
  #open = true
  #left = false
  /** What was on its way when the connection ended still gets to the edge. */
  #straggles = false

  constructor(world: World, edge: EdgeMachine, listener: ConnectionListener) {
    this.#world = world
    this.#edge = edge
    this.#listener = listener
    this.#process = edge.process
    const { door } = edge
    if (door === undefined || edge.process === undefined) {
      world.after(world.dice.between(1, 30), () => this.#ends(BROKEN))
      return
    }
    edge.process.onDeath(() => this.#brokenAtClient())
    this.#up(() => {
      const peer = { send: (text: string) => this.#down(() => this.#hear(text)), close: (code: number, reason: string) => this.#closedByEdge(code, reason), bufferedBytes: () => 0 }
      this.#session = door.sessions.connect(peer)
      this.#down(() => listener.opened())
    })
  }

  say(message: object): void {
    this.#up(() => this.#session?.take({ _tag: 'Text', text: JSON.stringify(message) }))
  }

  sendChunk(chunk: Uint8Array): void {
    this.#up(() => {
      const session = this.#session
      if (session?.admits(chunk.byteLength) === true) session.takeFrame(new Uint8Array(chunk).buffer)
    })
  }

  /** The network breaks: the client notices soon, the edge perhaps much later. */
  breakOff(): void {
    if (!this.#open) return
    this.#open = false
    this.#straggles = this.#world.dice.chance(0.5)
    this.#world.after(this.#world.dice.between(1, 500), () => this.#ends(BROKEN))
    this.#goneAtEdge(this.#world.dice.chance(0.5) ? this.#world.dice.between(1, 100) : this.#world.dice.between(1_000, 30_000))
  }

  /** The client closes it. */
  leave(): void {
    this.#left = true
    if (!this.#open) return
    this.#open = false
    this.#straggles = true
    this.#goneAtEdge(this.#world.dice.between(1, 10))
  }

  #closedByEdge(code: number, reason: string): void {
    this.#down(() => {
      this.#open = false
      this.#ends(code, reason)
    })
  }

  #brokenAtClient(): void {
    if (!this.#open) return
    this.#open = false
    this.#world.after(this.#world.dice.between(1, 2_000), () => this.#ends(BROKEN))
  }

  #goneAtEdge(after_ms: number): void {
    this.#world.after(Math.max(after_ms, this.#toEdge_ms - this.#world.now_ms), () => this.#process?.post(() => this.#session?.take({ _tag: 'Gone' })))
  }

  #ends(code: number, reason = ''): void {
    if (this.#left) return
    this.#left = true
    this.#listener.closed(code, reason)
  }

  #hear(text: string): void {
    this.#listener.text(JSON.parse(text) as ServerMessage)
  }

  #up(run: () => void): void {
    this.#toEdge_ms = Math.max(this.#toEdge_ms, this.#world.now_ms + this.#world.dice.between(0.5, 10))
    this.#world.after(this.#toEdge_ms - this.#world.now_ms, () => {
      if ((this.#open || this.#straggles) && this.#edge.process === this.#process) this.#process?.post(run)
    })
  }

  #down(run: () => void): void {
    this.#toClient_ms = Math.max(this.#toClient_ms, this.#world.now_ms + this.#world.dice.between(0.5, 10))
    this.#world.after(this.#toClient_ms - this.#world.now_ms, () => {
      if (this.#open && !this.#left) run()
    })
  }
}
