import { declareLogs } from '../../../runtime/topology.ts'
import type { SimulatedProcess } from '../process/SimulatedProcess.ts'
import type { World } from '../world/World.ts'
import { withDamage } from './damage.ts'
import { SimulatedBucket } from './SimulatedBucket.ts'
import { SimulatedLog, type StoredMessage } from './SimulatedLog.ts'
import { SimulatedQueue } from './SimulatedQueue.ts'

/** Somebody who is told when something new may be there to read. */
export interface Reader {
  readonly wake: () => void
}

/** Told of what really happens to the logs, whoever learns of it. */
export interface LogWitness {
  readonly stored: (log: string, message: StoredMessage, by: string) => void
  readonly purging: (log: string, before: number, subject: string | undefined, by: string) => void
  /** A lease names a process now, or nobody. */
  readonly leased: (key: string, owner: SimulatedProcess | undefined) => void
}

const FULL = 10077
const CONFLICT = 10071

/** What a publish came to, as a server answers it. */
export type PublishReply = { readonly seq: number } | { readonly code: number; readonly description: string }

/** A NATS server with our logs and buckets. It keeps what it has acknowledged when it is killed; its connections it does not. */
export class NatsServer {
  readonly world: World
  readonly logs = new Map<string, SimulatedLog>()
  readonly buckets = { streams: new SimulatedBucket('streams'), nodes: new SimulatedBucket('nodes'), leases: new SimulatedBucket('leases') }
  readonly processes = new Set<SimulatedProcess>()
  readonly queues = new Map<string, SimulatedQueue>()
  /** Logs that take nothing now. */
  readonly full = new Set<string>()
  readonly witnesses: Array<LogWitness> = []
  readonly #readers = new Map<string, Set<Reader>>()
  readonly #damages = new Set<string>()
  #up = true
  #frozen = false
  #held: Array<() => void> = []

  constructor(world: World, shards: number, bytes: number) {
    this.world = world
    for (const { name, bytesMax } of declareLogs({ shards, replicas: 1, bytes, messageBytesMax: 1024 * 1024 })) this.logs.set(name, new SimulatedLog(name, bytesMax))
  }

  get up(): boolean {
    return this.#up
  }

  /** Whether it does anything now. */
  get awake(): boolean {
    return this.#up && !this.#frozen
  }

  /** Something reaches the server: it happens now, or once it is thawed, or never. */
  arrive(run: () => void): void {
    if (this.awake) run()
    else if (this.#up) this.#held.push(run)
  }

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
    const held = this.#held
    this.#held = []
    if (this.#up) for (const run of held) run()
    this.wakeAll()
  }

  log(name: string): SimulatedLog {
    const log = this.logs.get(name)
    if (log === undefined) throw new Error(`no log ${name}`)
    return log
  }

  /** Publishes, with compare-and-set where `expected` is given. */
  publish(log: SimulatedLog, subject: string, data: Uint8Array, recordId: string, expected: number | undefined, by: string): PublishReply {
    if (this.full.has(log.name) || log.bytes + data.byteLength > log.bytesMax) return { code: FULL, description: 'maximum bytes exceeded' }
    if (expected !== undefined && (log.head(subject)?.seq ?? 0) !== expected) return { code: CONFLICT, description: 'wrong last sequence' }
    const kept = this.#keep(subject, data)
    const message = log.store(subject, kept, recordId, this.world.now_ms, kept === data ? undefined : data.slice())
    for (const witness of this.witnesses) witness.stored(log.name, message, by)
    this.wake(log.name)
    return { seq: message.seq }
  }

  /** The next record with media, of those whose subjects begin so, is damaged on the disk. */
  damageNext(kind: 'ingest'): void {
    this.#damages.add(kind)
  }

  #keep(subject: string, data: Uint8Array): Uint8Array {
    const kind = subject.slice(0, subject.indexOf('.'))
    const damaged = this.#damages.has(kind) ? withDamage(data, this.world.dice) : undefined
    if (damaged === undefined) return data
    this.#damages.delete(kind)
    return damaged
  }

  purge(name: string, before: number, subject: string | undefined, by: string): number {
    for (const witness of this.witnesses) witness.purging(name, before, subject, by)
    return this.log(name).purge(before, subject).length
  }

  /** The log that a subject belongs to. */
  logOf(subject: string): SimulatedLog {
    const [kind = '', shard = ''] = subject.split('.')
    return this.log(kind === 'ingest' || kind === 'media' ? `${kind.toUpperCase()}_${shard}` : kind.toUpperCase())
  }

  queue(name: string, log: string, filter: string, ackWait_ms: number): SimulatedQueue {
    const known = this.queues.get(name)
    if (known !== undefined) return known
    const queue = new SimulatedQueue(this.world, this.log(log), { filter, ackWait_ms, removesDone: log === 'COMMANDS', isUp: () => this.awake })
    this.queues.set(name, queue)
    return queue
  }

  read(source: string, reader: Reader): () => void {
    const readers = this.#readers.get(source) ?? new Set()
    this.#readers.set(source, readers.add(reader))
    return () => readers.delete(reader)
  }

  /** Something new is in a log or bucket. */
  wake(source: string): void {
    for (const reader of this.#readers.get(source) ?? []) reader.wake()
    for (const queue of this.queues.values()) if (queue.log.name === source) queue.dispatch()
  }

  wakeAll(): void {
    for (const readers of this.#readers.values()) for (const reader of readers) reader.wake()
    for (const queue of this.queues.values()) queue.dispatch()
  }

  kill(): void {
    this.#up = false
    this.#held = []
    for (const queue of this.queues.values()) queue.forgetPullers()
    for (const process of this.processes) process.nats.disconnect()
  }

  restart(): void {
    this.#up = true
    for (const process of this.processes) {
      this.world.after(this.world.dice.between(20, 400), () => {
        if (!this.#up || process.cut.has('nats') || process.nats.connected) return
        process.nats.reconnect()
        this.wakeAll()
      })
    }
  }
}
