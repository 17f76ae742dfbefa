import { fromBinary } from '@bufbuild/protobuf'
import type { Fragment, Fragments, MediaRecord } from '../../../proto/gen/millrace/v1/media_pb.js'
import { FragmentsSchema } from '../../../proto/gen/millrace/v1/media_pb.js'
import { StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { mediaCodec } from '../../../actors/stream/mediaCodec.ts'
import type { StoredMessage } from '../server/SimulatedLog.ts'
import type { World } from '../world/World.ts'

/** What is really in one rendition. */
interface RenditionTruth {
  msn: number
  part: number
  /** Where the last fragment ended, in the rendition's ticks; -1: nothing yet. */
  end: number
  /** Pictures so far, those passed over that may be lacking included. */
  frames: number
}

/** A segment as MEDIA has it. */
export interface SegmentTruth {
  readonly rendition: string
  readonly msn: number
  readonly firstSeq: number
  lastSeq: number
  readonly data: Array<Uint8Array>
}

/** Long enough that no bytes of a box read like one. */
const NAME = /[a-z0-9]@(\d{6,}) /g

/** Names of the frames in bytes that the simulated FFmpeg made: their times, each once. */
export const framesIn = (data: Uint8Array): ReadonlyArray<number> => {
  const found: Array<number> = []
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
  let last = ''
  for (const [, time = ''] of text.matchAll(NAME)) {
    if (time !== last) found.push(Number(time))
    last = time
  }
  return found
}

/** What is really in the MEDIA log of one stream, and whether it may be. */
export class MediaTruth {
  readonly id: string
  readonly segments = new Map<string, SegmentTruth>()
  readonly #world: World
  readonly #due: (from: number, pts: number) => number | undefined
  readonly #renditions = new Map<string, RenditionTruth>()
  #token = 0
  #lease = 0
  #node = ''
  #ended = false
  #pieces: Array<Uint8Array> = []
  #piecesFrom = 0
  #fresh = true
  #progress = 0
  /** The newest record. */
  head: { readonly seq: number; readonly record: MediaRecord } | undefined
  status: StreamStatus = StreamStatus.LIVE

  constructor(world: World, id: string, due: (from: number, pts: number) => number | undefined) {
    this.#world = world
    this.id = id
    this.#due = due
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Records that brought frames. */
  get progress(): number {
    return this.#progress
  }

  /** Pictures of a rendition. */
  get renditions(): ReadonlyMap<string, { readonly frames: number }> {
    return this.#renditions
  }

  /** A record of MEDIA is stored. */
  stored(message: StoredMessage, by: string): void {
    const record = mediaCodec.decode(message.data, message.seq)
    const { body } = record
    this.#owner(record, message.seq, by)
    // A successor of an owner that died with its end unannounced says it again; frames come no more.
    if (this.#ended && body.case !== 'takeOver' && body.case !== 'tick' && body.case !== 'end') this.#world.violate('nothing is written behind the end', `${this.id}: ${body.case} at ${message.seq}`)
    this.head = { seq: message.seq, record }
    if (body.case !== 'piece') this.#pieces = []
    if (body.case === 'fragments') this.#take(body.value, message.seq, message.seq)
    if (body.case === 'piece') this.#piece(body.value, message.seq)
    if (body.case === 'discontinuity') this.#fresh = true
    if (body.case === 'end') this.#ended = true
  }

  #owner(record: MediaRecord, seq: number, by: string): void {
    const stamp = mediaCodec.stampOf(record)
    if (record.body.case === 'takeOver') {
      if (stamp.leaseRevision < this.#lease || (stamp.leaseRevision === this.#lease && stamp.node !== this.#node)) this.#world.violate('one owner per fencing token', `${this.id}: ${by} takes over at ${seq} under lease ${stamp.leaseRevision}, behind ${this.#lease}`)
      this.#token = seq
      this.#lease = stamp.leaseRevision
      this.#node = stamp.node
    } else if (stamp.fencingToken !== this.#token) {
      this.#world.violate('no record of an older owner behind a newer TakeOver', `${this.id}: ${by} wrote ${record.body.case} at ${seq} with token ${stamp.fencingToken}, the owner has ${this.#token}`)
    }
  }

  #piece({ piece, pieces, data }: { readonly piece: number; readonly pieces: number; readonly data: Uint8Array }, seq: number): void {
    if (piece === 0) [this.#pieces, this.#piecesFrom] = [[], seq]
    if (piece !== this.#pieces.length) return this.#world.violate('pieces come in order', `${this.id}: piece ${piece} at ${seq}`)
    this.#pieces.push(data)
    if (this.#pieces.length === pieces) this.#take(fromBinary(FragmentsSchema, Buffer.concat(this.#pieces)), this.#piecesFrom, seq)
  }

  #take({ fragments }: Fragments, firstSeq: number, lastSeq: number): void {
    this.#progress += 1
    for (const fragment of fragments) this.#fragment(fragment, firstSeq, lastSeq)
    this.#fresh = false
  }

  #fragment(fragment: Fragment, firstSeq: number, lastSeq: number): void {
    const { rendition, msn, part } = fragment
    const truth = this.#renditions.get(rendition) ?? { msn: 0, part: 0, end: -1, frames: 0 }
    this.#renditions.set(rendition, truth)
    const begins = msn === truth.msn + 1 && part === 0
    const goesOn = msn === truth.msn && (part === truth.part || part === truth.part + 1)
    if (truth.end >= 0 && !begins && !goesOn) this.#world.violate('numbers of segments and parts go on without a gap', `${this.id}/${rendition}: ${msn}.${part} after ${truth.msn}.${truth.part}`)
    const start = Number(fragment.start)
    if (start < truth.end) this.#world.violate('tfdt never goes back', `${this.id}/${rendition} ${msn}.${part}: ${start} after ${truth.end}`)
    if (rendition === 'audio' && truth.end >= 0 && !this.#fresh && start !== truth.end) this.#world.violate('audio has no gap', `${this.id} ${msn}.${part}: ${start} after ${truth.end}`)
    truth.end = start + Number(fragment.duration)
    truth.msn = msn
    truth.part = part
    if (rendition !== 'audio') this.#pictures(rendition, truth, fragment)
    this.#remember(fragment, firstSeq, lastSeq)
  }

  #pictures(rendition: string, truth: RenditionTruth, fragment: Fragment): void {
    for (const pts of framesIn(fragment.data)) {
      const place = this.#due(truth.frames, pts)
      if (place === undefined) return this.#world.violate('every stored frame is in MEDIA once and in order', `${this.id}/${rendition} ${fragment.msn}.${fragment.part}: frame ${pts} is not due as number ${truth.frames}`)
      truth.frames = place + 1
    }
  }

  #remember(fragment: Fragment, firstSeq: number, lastSeq: number): void {
    const key = `${fragment.rendition}/${fragment.msn}`
    const known = this.segments.get(key)
    if (known === undefined) this.segments.set(key, { rendition: fragment.rendition, msn: fragment.msn, firstSeq, lastSeq, data: [fragment.data] })
    else {
      known.lastSeq = lastSeq
      known.data.push(fragment.data)
    }
  }
}
