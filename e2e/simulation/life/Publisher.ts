import type { ServerMessage } from '../../../edge/ingest/messages.ts'
import type { StreamTruth } from '../rules/StreamTruth.ts'
import type { World } from '../world/World.ts'
import { type Camera, type CameraShape, makeCamera } from './camera.ts'
import type { EdgeMachine } from './machines.ts'
import { Connection } from './Connection.ts'

/** What a publisher means to do. */
export interface PublisherPlan {
  readonly id: string
  readonly begin_ms: number
  readonly shape: Omit<CameraShape, 'base_ms'>
  /** How many byte streams it sends, one after another: a reload of the page begins a new one. */
  readonly epochs: number
  /** Whether it says `stop`, or just leaves. */
  readonly stops: boolean
}

const NONE = { seq: -1, bytes: 0 }
const RETRY_MS = 50
const RETRY_MS_MAX = 1_000
/** No two cameras of a world give a picture the same time. */
const BASES_APART_MS = 1_000_000_000
const SILENCE_MS = 6_000
const STOP_SILENCE_MS = 15_000

/**
 * A client of the ingest: it keeps what is not acknowledged and sends it again after a drop, to whichever edge is there.
 * Like a browser whose recorder cannot be rewound, it begins a new byte stream where the first `start` was never answered.
 */
export class Publisher {
  readonly plan: PublisherPlan
  readonly #world: World
  readonly #edges: () => ReadonlyArray<EdgeMachine>
  readonly #truth: StreamTruth
  readonly #token: string
  readonly #base_ms: number
  readonly #films: (camera: Camera) => void
  #camera: Camera | undefined
  #cameras = 0
  #epoch: number | undefined
  #recorded = 0
  #acked = 0
  /** The newest ack of the epoch. */
  #heard = NONE
  #sent = 0
  #attached = false
  #epochsDone = 0
  #connection: Connection | undefined
  #pause_ms = RETRY_MS
  #stopping = false
  #over = false
  #heard_ms = 0
  #away = false

  /** `number`: which of the world's publishers it is. */
  constructor(world: World, plan: PublisherPlan, number: number, films: (camera: Camera) => void, truth: StreamTruth, edges: () => ReadonlyArray<EdgeMachine>) {
    this.#world = world
    this.plan = plan
    this.#base_ms = number * BASES_APART_MS
    this.#films = films
    this.#truth = truth
    this.#edges = edges
    this.#token = `secret-${plan.id}`
    world.after(plan.begin_ms, () => this.#beginEpoch())
  }

  /** Nothing more will come from it. */
  get over(): boolean {
    return this.#over
  }

  /** The network under it breaks. */
  drop(): void {
    this.#connection?.breakOff()
  }

  /** It cannot reach any edge for a while. */
  goAway(for_ms: number): void {
    this.#away = true
    this.drop()
    this.#world.after(for_ms, () => {
      this.#away = false
    })
  }

  #beginEpoch(): void {
    this.#cameras += 1
    const camera = makeCamera({ ...this.plan.shape, poison: this.plan.shape.poison && this.#cameras === 1, base_ms: this.#base_ms + this.#cameras * 1_000_000 }, this.#world.dice)
    this.#films(camera)
    this.#camera = camera
    this.#epoch = undefined
    this.#heard = NONE
    this.#recorded = 0
    this.#acked = 0
    this.#attached = false
    this.#connection?.leave()
    this.#record(camera)
    this.#connect()
  }

  #record(camera: Camera): void {
    this.#world.after(camera.chunk_ms, () => {
      if (this.#camera !== camera || this.#over) return
      this.#recorded += 1
      this.#send()
      if (this.#recorded < camera.chunks.length) this.#record(camera)
    })
  }

  #connect(): void {
    if (this.#over) return
    const edge = this.#world.dice.pick(this.#edges())
    if (this.#away || edge === undefined) return this.#again()
    this.#attached = false
    const connection = new Connection(this.#world, edge, {
      opened: () => this.#opened(connection),
      text: (message) => this.#connection === connection && this.#hear(message),
      closed: (code, reason) => this.#connection === connection && this.#closed(code, reason)
    })
    this.#connection = connection
    this.#heard_ms = this.#world.now_ms
    this.#watch(connection)
  }

  #again(): void {
    const pause_ms = this.#pause_ms
    this.#pause_ms = Math.min(RETRY_MS_MAX, pause_ms * 2)
    this.#world.after(pause_ms, () => this.#connect())
  }

  /** A browser gives a silent connection up as well. */
  #watch(connection: Connection): void {
    const silence_ms = this.#stopping ? STOP_SILENCE_MS : SILENCE_MS
    this.#world.after(silence_ms, () => {
      if (this.#connection !== connection || this.#over) return
      const waits = !this.#attached || this.#acked < this.#sent || this.#stopping
      if (waits && this.#world.now_ms - this.#heard_ms >= silence_ms) return connection.breakOff()
      this.#watch(connection)
    })
  }

  #opened(connection: Connection): void {
    if (this.#epoch !== undefined) return connection.say({ type: 'resume', recordingId: this.plan.id, epoch: this.#epoch, publisherToken: this.#token, acked: this.#heard })
    connection.say({ type: 'start', recordingId: this.plan.id, publisherToken: this.#token, mimeType: 'video/webm;codecs=vp8,opus' })
  }

  #hear(message: ServerMessage): void {
    this.#heard_ms = this.#world.now_ms
    switch (message.type) {
      case 'started':
        this.#epoch = message.epoch
        return this.#attach(message.nextSeq)
      case 'resumed':
        return this.#attach(message.nextSeq)
      case 'ack':
        this.#heard = { seq: message.seq, bytes: message.bytes }
        return this.#onAck(message.seq)
      case 'stopped':
        return this.#end('stopped')
      case 'error':
        return this.#world.note('publisher refused', this.plan.id, message.message)
      default:
        return undefined
    }
  }

  #attach(nextSeq: number): void {
    if (nextSeq < this.#acked || nextSeq > this.#recorded) {
      return this.#world.violate('an edge goes on where the publisher can', `${this.plan.id}: next ${nextSeq}, acknowledged ${this.#acked}, recorded ${this.#recorded}`)
    }
    this.#pause_ms = RETRY_MS
    this.#attached = true
    this.#acked = nextSeq
    this.#sent = nextSeq
    this.#stopping = false
    this.#send()
    this.#afterAck()
  }

  #send(): void {
    if (!this.#attached || this.#stopping) return
    for (; this.#sent < this.#recorded; this.#sent++) {
      const chunk = this.#camera?.chunks[this.#sent]
      if (chunk !== undefined) this.#connection?.sendChunk(chunk)
    }
  }

  #onAck(seq: number): void {
    if (this.#epoch !== undefined) this.#truth.acknowledged(this.#epoch, seq)
    this.#acked = Math.max(this.#acked, seq + 1)
    this.#afterAck()
  }

  #afterAck(): void {
    if (this.#camera === undefined || this.#acked < this.#camera.chunks.length || this.#stopping) return
    this.#epochsDone += 1
    if (this.#epochsDone < this.plan.epochs) return this.#beginEpoch()
    if (!this.plan.stops) return this.#end('left')
    this.#epochsDone = this.plan.epochs - 1
    this.#stopping = true
    this.#connection?.say({ type: 'stop' })
  }

  #closed(code: number, reason: string): void {
    this.#attached = false
    if (code === 4404) return this.#end('found its recording ended')
    // An attempt of its own, given up long ago, has begun the next epoch: as good as a reload of the page.
    if (code === 4400 && reason.includes('is in epoch')) return this.#beginEpoch()
    if (code === 4400) return this.#world.violate('an edge takes what a good publisher says', `${this.plan.id}: ${reason}`)
    // The answer to the first `start` never came: what was recorded cannot be told from what an edge may have.
    if (this.#epoch === undefined) return void this.#world.after(this.#pause_ms, () => !this.#over && this.#beginEpoch())
    this.#again()
  }

  #end(how: string): void {
    this.#world.note('publisher over', this.plan.id, how)
    this.#over = true
    this.#connection?.leave()
  }
}
