/** One stream under chaos: its publisher, which may leave, come back and begin anew, and the viewer of all its renditions. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Recording } from '../../actors/testing/recordings.ts'
import { type EdgeRoute, routeOver } from '../kit/edgeRoute.ts'
import { PublishingEnded } from '../kit/edgeSocket.ts'
import { type Publisher, type StartOptions, startPublishing } from '../kit/publisher.ts'
import { type Watched, watchAll } from '../kit/watching.ts'
import type { Moment } from './arrangement.ts'

/** One continuous byte stream of it. */
export interface Epoch {
  readonly recording: Recording
  readonly publisher: Publisher
  /** How publishing ended where the platform ended it. */
  ended: PublishingEnded | undefined
}

/** How a stream is run. */
export interface ChaosStreamOptions {
  readonly id: string
  readonly moment: Moment | 'browser'
  readonly recording: Recording
  /** Edges by address, the one to begin with first. */
  readonly edges: () => ReadonlyArray<string>
  readonly publisher: Pick<StartOptions, 'silence_ms' | 'giveUpAfter_ms'>
  readonly viewerPatience_ms: number
}

/** A running stream. */
export class ChaosStream {
  readonly id: string
  readonly moment: Moment | 'browser'
  readonly epochs: Array<Epoch> = []
  readonly route: EdgeRoute
  readonly watching: Promise<ReadonlyMap<string, Watched>>
  private readonly options: ChaosStreamOptions
  private sending: Promise<void> = Promise.resolve()
  private generation = 0
  private isLeft = false
  private isFinishing = false

  private constructor(options: ChaosStreamOptions, watchingFrom: string) {
    this.id = options.id
    this.moment = options.moment
    this.options = options
    this.route = routeOver(options.edges, options.viewerPatience_ms)
    this.watching = watchAll(watchingFrom, options.id, { get: this.route.get, patience_ms: options.viewerPatience_ms })
    // Whoever finishes the stream learns it; until then a viewer that gave up is no crash of this program.
    this.watching.catch(() => undefined)
  }

  /** Starts publishing at the first edge, and watching. */
  static readonly start = async (options: ChaosStreamOptions): Promise<ChaosStream> => {
    const [edge = '', ...others] = options.edges()
    const publisher = await startPublishing(edge, { ...options.publisher, recordingId: options.id, mimeType: options.recording.mimeType, otherEdges: others })
    const stream = new ChaosStream(options, edge)
    stream.publish(publisher)
    return stream
  }

  /** The newest epoch. */
  get current(): Epoch {
    const epoch = this.epochs.at(-1)
    if (epoch === undefined) throw new Error(`${this.id} has no epoch`)
    return epoch
  }

  /** Whether more is to come from its publisher. */
  get isSending(): boolean {
    const { recording, publisher } = this.current
    return !this.isLeft && publisher.sent() < recording.chunks.length
  }

  /** Another publisher with the stream's token starts at that edge, from the recording's beginning; the one before is not told. */
  async beginAnew(edge: string): Promise<void> {
    const { publisherToken } = this.current.publisher
    const { recording, id } = this.options
    this.publish(await startPublishing(edge, { ...this.options.publisher, recordingId: id, publisherToken, mimeType: recording.mimeType }))
  }

  /** The publisher goes without a word and does not come back. */
  leave(): void {
    this.isLeft = true
    this.generation++
    this.current.publisher.drop()
    this.current.publisher.leave()
  }

  /** Sends no more, waits until everything is acknowledged, and stops the stream, if its publisher has not left it. */
  async finish(): Promise<void> {
    if (this.isLeft) return
    this.isFinishing = true
    await this.sending
    await this.current.publisher.stop().catch((error: unknown) => {
      // The stop was durable, its answer went with the edge, and the next edge knows no live stream any more.
      if (!(error instanceof PublishingEnded) || error.code !== 4404) throw error
    })
  }

  private publish(publisher: Publisher): void {
    const epoch: Epoch = { recording: this.options.recording, publisher, ended: undefined }
    const generation = ++this.generation
    this.epochs.push(epoch)
    const sending = this.send(epoch, generation).catch((error: unknown) => {
      if (!(error instanceof PublishingEnded) || generation === this.generation) throw error
      epoch.ended = error
    })
    sending.catch(() => undefined)
    this.sending = Promise.all([this.sending, sending]).then(() => undefined)
    this.sending.catch(() => undefined)
  }

  /** Goes on until somebody finishes the stream or the recording is over. */
  private async send({ recording, publisher }: Epoch, generation: number): Promise<void> {
    const begun_ms = performance.now()
    for (const { at_ms, bytes } of recording.chunks) {
      const wait_ms = begun_ms + at_ms - performance.now()
      if (wait_ms > 0) await Promise.race([delay(wait_ms), publisher.failed])
      if (this.isLeft || generation !== this.generation || this.isFinishing) break
      publisher.send(bytes)
    }
    if (this.isLeft) return
    if (generation !== this.generation) await publisher.failed
    await publisher.drained()
  }
}
