import { create, toBinary } from '@bufbuild/protobuf'
import { CheckpointSchema, RenditionCheckpointSchema, SegmentStartSchema, TrackKind } from '../../../proto/gen/millrace/v1/checkpoint_pb.js'
import {
  DiscontinuitySchema, FragmentSchema, FragmentsSchema, InitSchema, MediaEndSchema, MediaRecordSchema, PieceSchema, TakeOverSchema, TickSchema
} from '../../../proto/gen/millrace/v1/media_pb.js'
import type { Fragment, MediaRecord } from '../../../proto/gen/millrace/v1/media_pb.js'
import { crc32c } from '../../../runtime/checksum.ts'
import { seededRandom } from './seededRandom.ts'

/** What a made-up log is like. */
export interface LogShape {
  readonly renditions: ReadonlyArray<'source' | '720p' | 'audio'>
  /** Segments in the live window. */
  readonly windowSegments: number
  /** Media per record and rendition, in frames. */
  readonly framesPerRecord: number
  /** Mean records between two of each kind; 0: never. */
  readonly takeOverEvery: number
  readonly discontinuityEvery: number
  readonly piecesEvery: number
  readonly segments: number
  /** Audio beside video stops for good with this segment. */
  readonly silentFrom?: number
  readonly end: boolean
  /** Fixes every choice. */
  readonly seed: number
}

/** A record with its sequence in the log; sequences have holes, as other streams share the log. */
export interface LoggedRecord {
  readonly seq: number
  readonly record: MediaRecord
}

interface Track {
  readonly name: string
  readonly kind: TrackKind
  readonly timescale: number
  readonly frameTicks: number
  readonly partFrames: number
  msn: number
  part: number
  partFill: number
  segmentStart: number
  partStart: number
  next: number
  init: number
  frames: number
}

interface Writer {
  readonly shape: LogShape
  readonly random: () => number
  readonly tracks: ReadonlyArray<Track>
  readonly log: Array<LoggedRecord>
  readonly openedAt: Map<number, number>
  /** Where segments begin, in seconds. */
  readonly starts: Map<number, number>
  seq: number
  opened: number
  discontinuities: number
}

const PART_TARGET_US = 275_000
const SEGMENT_S = 2

/** A MEDIA log as an owner writes it: whole parts and cuts, takeovers, discontinuities, ticks, pieces, a moving window. Payloads are small and fake. */
export const randomLog = (shape: LogShape): ReadonlyArray<LoggedRecord> => {
  const random = seededRandom(shape.seed)
  const writer: Writer = { shape, random, tracks: shape.renditions.map(track), log: [], openedAt: new Map(), starts: new Map([[0, 0]]), seq: 0, opened: -1, discontinuities: 0 }
  write(writer, { case: 'takeOver', value: create(TakeOverSchema) })
  const happens = (every: number): boolean => every > 0 && random() < 1 / every
  while (writer.opened < shape.segments) {
    writeFragments(writer)
    if (happens(shape.takeOverEvery)) takeOver(writer)
    if (happens(shape.discontinuityEvery)) discontinuity(writer)
    if (happens(20)) write(writer, { case: 'tick', value: create(TickSchema) })
  }
  if (shape.end) write(writer, { case: 'end', value: create(MediaEndSchema, { durationMs: 1n }) })
  return writer.log
}

const track = (name: string): Track => {
  const audio = name === 'audio'
  const common = { name, msn: 0, part: 0, partFill: 0, segmentStart: 0, partStart: 0, next: 0, init: 0, frames: 0 }
  return audio
    ? { ...common, kind: TrackKind.AUDIO, timescale: 48_000, frameTicks: 1_024, partFrames: 12 }
    : { ...common, kind: TrackKind.VIDEO, timescale: 90_000, frameTicks: 4_500, partFrames: 5 }
}

const checkpoint = (writer: Writer): MediaRecord['checkpoint'] => {
  const startMsn = Math.max(0, writer.opened - writer.shape.windowSegments + 1)
  const startSeq = writer.openedAt.get(startMsn) ?? 0
  return create(CheckpointSchema, {
    partTargetUs: PART_TARGET_US,
    anchorWallMs: 1_700_000_000_000n,
    windowStartMsn: startMsn,
    windowStartSeq: BigInt(startSeq === writer.seq ? 0 : startSeq),
    discontinuities: writer.discontinuities,
    openedMsn: writer.opened,
    segments: [...writer.starts].filter(([msn]) => msn >= startMsn).map(([msn, start_s]) => create(SegmentStartSchema, { start: BigInt(Math.round(start_s * 90_000)), firstSeq: BigInt(writer.openedAt.get(msn) ?? 0) })),
    renditions: writer.tracks.map((one) => create(RenditionCheckpointSchema, {
      name: one.name, kind: one.kind, msn: one.msn, part: one.part, timescale: one.timescale, init: one.init,
      segmentStart: BigInt(one.segmentStart), partStart: BigInt(one.partStart), nextDts: BigInt(one.next), frames: BigInt(one.frames),
      codec: one.kind === TrackKind.AUDIO ? 'mp4a.40.2' : 'avc1.64001f', width: one.kind === TrackKind.AUDIO ? 0 : 640, height: one.kind === TrackKind.AUDIO ? 0 : 480,
      channels: 2, bandwidth: 500_000, frameIntervalUs: one.kind === TrackKind.AUDIO ? 0 : 50_000
    }))
  })
}

const nextSeq = (writer: Writer): void => {
  writer.seq += 1 + Math.floor(writer.random() * 3)
}

const write = (writer: Writer, body: MediaRecord['body']): void => {
  nextSeq(writer)
  push(writer, body)
}

const push = (writer: Writer, body: MediaRecord['body'], known = checkpoint(writer)): void => {
  writer.log.push({ seq: writer.seq, record: create(MediaRecordSchema, { ...(known === undefined ? {} : { checkpoint: known }), body }) })
}

const writeFragments = (writer: Writer): void => {
  nextSeq(writer)
  const { shape } = writer
  const before = writer.opened
  const known = checkpoint(writer)
  const inPieces = shape.piecesEvery > 0 && writer.random() < 1 / shape.piecesEvery
  const firstSeq = writer.seq
  const fragments = writer.tracks.flatMap((one) => trackFragments(writer, one, firstSeq))
  const inits = writer.opened > before ? writer.tracks.map((one) => create(InitSchema, { rendition: one.name, number: one.init, kind: one.kind, timescale: one.timescale, data: new Uint8Array([one.init]) })) : []
  const value = create(FragmentsSchema, { inits, fragments })
  if (!inPieces) return push(writer, { case: 'fragments', value })
  const bytes = toBinary(FragmentsSchema, value)
  const pieces = 1 + Math.ceil(writer.random() * 3)
  const size = Math.ceil(bytes.byteLength / pieces)
  for (let piece = 0; piece < pieces; piece++) {
    if (piece > 0) nextSeq(writer)
    push(writer, { case: 'piece', value: create(PieceSchema, { piece, pieces, data: bytes.subarray(piece * size, (piece + 1) * size) }) }, piece < pieces - 1 ? known : checkpoint(writer))
  }
}

const trackFragments = (writer: Writer, one: Track, seq: number): ReadonlyArray<Fragment> => {
  const { renditions, silentFrom = Number.POSITIVE_INFINITY } = writer.shape
  if (one.name === 'audio' && renditions.length > 1 && one.msn >= silentFrom) return []
  const fragments: Array<Fragment> = []
  const time_s = (writer.shape.framesPerRecord * 4_500) / 90_000
  let frames = Math.round((time_s * one.timescale * (0.5 + writer.random())) / one.frameTicks)
  while (frames > 0) {
    const end = endOf(writer, one)
    if (one.next >= end) openNext(one, one.msn + 1)
    if (one.msn > writer.opened) {
      writer.opened = one.msn
      writer.openedAt.set(one.msn, seq)
    }
    const left = Math.ceil((endOf(writer, one) - one.next) / one.frameTicks)
    const count = Math.min(frames, one.partFrames - one.partFill, left)
    fragments.push(fragment(writer, one, count, left))
    frames -= count
  }
  return fragments
}

// Every rendition ends a segment with its first frame that lies where the next one begins.
const endOf = (writer: Writer, one: Track): number => {
  const start_s = writer.starts.get(one.msn) ?? 0
  const next_s = writer.starts.get(one.msn + 1) ?? start_s + SEGMENT_S
  writer.starts.set(one.msn + 1, next_s)
  return next_s * one.timescale
}

const openNext = (one: Track, msn: number): void => {
  one.msn = msn
  one.part = 0
  one.partFill = 0
  one.segmentStart = one.next
  one.partStart = one.next
}

// A packager may say that a part or segment ends with this fragment, or leave it to the next one.
const fragment = (writer: Writer, one: Track, count: number, left: number): Fragment => {
  const says = writer.random() < 0.7
  const data = Uint8Array.from({ length: 4 + count }, () => Math.floor(writer.random() * 256))
  const whole = one.partFill + count === one.partFrames
  const made = create(FragmentSchema, {
    rendition: one.name, msn: one.msn, part: one.part, start: BigInt(one.next), duration: BigInt(count * one.frameTicks), frames: count,
    independent: one.kind === TrackKind.AUDIO || (one.part === 0 && one.partFill === 0), closesPart: says && (whole || count === left), closesSegment: says && count === left,
    crc32c: crc32c(data), data
  })
  one.next += count * one.frameTicks
  one.frames += count
  one.partFill += count
  if (whole && count !== left) nextPart(one)
  return made
}

const nextPart = (one: Track): void => {
  one.part += 1
  one.partFill = 0
  one.partStart = one.next
}

const takeOver = (writer: Writer): void => {
  for (const one of writer.tracks) {
    if (one.partFill > 0) nextPart(one)
  }
  write(writer, { case: 'takeOver', value: create(TakeOverSchema) })
}

const discontinuity = (writer: Writer): void => {
  const msn = Math.max(...writer.tracks.map((one) => one.msn)) + 1
  const latest_s = Math.max(...writer.tracks.map((one) => one.next / one.timescale))
  const [first] = writer.tracks
  const next_s = first === undefined ? latest_s : (Math.ceil((latest_s * first.timescale) / first.frameTicks) * first.frameTicks) / first.timescale
  writer.discontinuities += 1
  for (const known of writer.starts.keys()) if (known >= msn) writer.starts.delete(known)
  writer.starts.set(msn, next_s)
  for (const one of writer.tracks) {
    one.next = Math.ceil((next_s * one.timescale) / one.frameTicks) * one.frameTicks
    openNext(one, msn)
    one.init += 1
  }
  write(writer, { case: 'discontinuity', value: create(DiscontinuitySchema, { msn, reason: 'made up' }) })
}
