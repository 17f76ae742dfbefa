import { decodeIngestRecord, framesIn } from '../../../actors/inbox/ingestRecord.ts'
import { type Chunk, EndReason } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import type { StoredMessage } from '../server/SimulatedLog.ts'
import type { World } from '../world/World.ts'
import type { Camera } from '../life/camera.ts'
import { ExpectedFrames, isNearPoison, Showable } from './ExpectedFrames.ts'
import { MediaTruth } from './MediaTruth.ts'

/** What the INGEST log has of one continuous byte stream. */
interface StoredEpoch {
  readonly epoch: number
  camera: Camera | undefined
  /** Whole chunks, bytes and pictures that are stored. */
  chunks: number
  bytes: number
  pieces: number
  frames: number
  readonly showable: Showable
}

/**
 * What is really stored of one stream, kept by the rules that the simulated world watches: every record of INGEST and
 * MEDIA passes here as it is stored.
 */
export class StreamTruth {
  readonly id: string
  readonly media: MediaTruth
  readonly #world: World
  readonly #uptime_ms: () => number
  readonly #window_ms: number
  readonly #cameras: Array<Camera> = []
  readonly #epochs: Array<StoredEpoch> = []
  /** Sequence of the end of INGEST. */
  #endSeq: number | undefined
  /** INGEST holds nothing of the stream any more. */
  #isTrimmed = false
  #session = 0
  #lastStored_ms = 0
  #damages = 0
  #poisoned: 'No' | 'Perhaps' | 'Yes' = 'No'
  /** Pictures that are stored and can be shown. */
  readonly expected = new ExpectedFrames()

  /** `slack_ms`: what of an outage may go unnoticed. */
  constructor(world: World, id: string, window: { readonly window_ms: number; readonly slack_ms: number }, uptime_ms: () => number) {
    this.#world = world
    this.id = id
    this.#window_ms = window.window_ms - window.slack_ms
    this.#uptime_ms = uptime_ms
    this.media = new MediaTruth(world, id, (from, pts) => this.expected.due(from, pts))
  }

  /** Whether INGEST has its end. */
  get ended(): boolean {
    return this.#endSeq !== undefined
  }

  /** Records that are not what was sent. */
  get damages(): number {
    return this.#damages
  }

  /** Whether a picture on which FFmpeg crashes is stored; perhaps: a part of it. */
  get poisoned(): 'No' | 'Perhaps' | 'Yes' {
    return this.#poisoned
  }

  filmedBy(camera: Camera): void {
    this.#cameras.push(camera)
  }

  /** A publisher was told that a chunk is durable. */
  acknowledged(epoch: number, seq: number): void {
    const stored = this.#epochs.find((one) => one.epoch === epoch)
    if (stored === undefined || seq >= stored.chunks) this.#world.violate('no acknowledgement without a stored record', `${this.id}: epoch ${epoch} chunk ${seq}, stored ${stored?.chunks ?? 0}`)
  }

  /** A record of INGEST is given up. */
  givenUp(body: Uint8Array): void {
    const { body: record } = decodeIngestRecord(body)
    if (record.case !== 'chunk') return this.#world.violate('nothing healthy is given up', `${this.id}: ${record.case}`)
    const { epoch, seq, offset, data } = record.value
    const camera = this.#epochs.find((one) => one.epoch === epoch)?.camera
    if (this.#poisoned !== 'No' && camera !== undefined && isNearPoison(camera, Number(offset), Number(offset) + data.byteLength)) return
    this.#world.violate('nothing healthy is given up', `${this.id}: epoch ${epoch} chunk ${seq}`)
  }

  /** INGEST is purged of what is before a sequence. */
  ingestPurged(before: number): void {
    if (this.#endSeq !== undefined && this.#endSeq < before) this.#isTrimmed = true
  }

  /** A record of INGEST is stored. */
  ingest(message: StoredMessage): void {
    const { body } = decodeIngestRecord(message.sent ?? message.data)
    // Nothing tells such a log from one that has not begun: whoever opens it learns of the end behind that.
    if (this.#isTrimmed && body.case === 'open') return
    if (this.ended) this.#world.violate('nothing is written behind the end', `${this.id}: ${body.case} at ${message.seq}`)
    const uptime_ms = this.#uptime_ms()
    if (body.case === 'open') this.#open(body.value.session, body.value.epoch)
    if (body.case === 'chunk') this.#chunk(body.value, message.sent !== undefined)
    if (body.case === 'end') this.#end(message.seq, body.value.reason, uptime_ms - this.#lastStored_ms)
    this.#lastStored_ms = uptime_ms
  }

  #open(session: number, epoch: number): void {
    if (session < this.#session) this.#world.violate('an older session writes nothing', `${this.id}: session ${session} behind ${this.#session}`)
    this.#session = session
    if (this.#epochs.at(-1)?.epoch === epoch) return
    this.#epochs.push({ epoch, camera: undefined, chunks: 0, bytes: 0, pieces: 0, frames: 0, showable: new Showable() })
  }

  #chunk(chunk: Chunk, damaged: boolean): void {
    if (chunk.session < this.#session) return this.#world.violate('an older session writes nothing', `${this.id}: session ${chunk.session} behind ${this.#session}`)
    const stored = this.#epochs.at(-1)
    if (stored === undefined || stored.epoch !== chunk.epoch) return this.#world.violate('a chunk belongs to the epoch that is open', `${this.id}: epoch ${chunk.epoch}`)
    const due = chunk.seq === stored.chunks && chunk.piece === stored.pieces && Number(chunk.offset) === stored.bytes
    if (!due) return this.#world.violate('every chunk is stored once and in order', `${this.id}: epoch ${chunk.epoch} chunk ${chunk.seq} piece ${chunk.piece} at ${chunk.offset}, due ${stored.chunks}.${stored.pieces} at ${stored.bytes}`)
    // The newest of those that begin so: pieces of a few bytes may begin several.
    if (stored.bytes === 0 || stored.camera === undefined || !isAt(stored.camera.bytes, stored.bytes, chunk.data)) stored.camera = this.#cameraWith(stored, chunk.data)
    if (stored.camera === undefined || !isAt(stored.camera.bytes, stored.bytes, chunk.data)) return this.#world.violate('what is stored is what was sent', `${this.id}: epoch ${chunk.epoch} chunk ${chunk.seq}`)
    if (damaged && stored.showable.damaged(stored.camera, stored.bytes, stored.bytes + chunk.data.byteLength)) this.#damages += 1
    stored.bytes += chunk.data.byteLength
    stored.pieces = chunk.piece + 1 === chunk.pieces ? 0 : stored.pieces + 1
    if (stored.pieces === 0) stored.chunks += framesIn(chunk)
    this.#film(stored, stored.camera)
  }

  #cameraWith(stored: StoredEpoch, data: Uint8Array): Camera | undefined {
    const before = stored.camera?.bytes.subarray(0, stored.bytes) ?? new Uint8Array()
    return stored.chunks > 0 ? undefined : this.#cameras.findLast(({ bytes }) => isAt(bytes, 0, before) && isAt(bytes, stored.bytes, data))
  }

  #film(stored: StoredEpoch, camera: Camera): void {
    for (let frame = camera.frames[stored.frames]; frame !== undefined; frame = camera.frames[stored.frames]) {
      if (frame.end > stored.bytes) {
        if (frame.pts === camera.poison && frame.begin < stored.bytes && this.#poisoned === 'No') this.#breaks('Perhaps')
        return
      }
      stored.frames += 1
      const shown = stored.showable.take(frame, camera)
      if (shown === 'Shown') this.expected.push(frame.pts)
      if (shown === 'Poison') this.#breaks('Yes')
    }
  }

  #breaks(how: 'Perhaps' | 'Yes'): void {
    this.#poisoned = how
    this.expected.breakHere()
  }

  #end(seq: number, reason: EndReason, silence_ms: number): void {
    this.#endSeq = seq
    if (reason !== EndReason.WINDOW_CLOSED || silence_ms >= this.#window_ms) return
    this.#world.violate('the reconnect window is waited for, and stands still while NATS is away', `${this.id}: ended after ${Math.round(silence_ms)} of ${this.#window_ms} ms`)
  }
}

const isAt = (whole: Uint8Array, offset: number, part: Uint8Array): boolean =>
  offset + part.byteLength <= whole.byteLength && Buffer.compare(Buffer.from(whole.buffer, whole.byteOffset + offset, part.byteLength), part) === 0
