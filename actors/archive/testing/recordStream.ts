import { create, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { CheckpointSchema, TrackKind } from '../../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import { type Fragment, FragmentSchema, FragmentsSchema, type MediaRecord, MediaRecordSchema } from '../../../proto/gen/millrace/v1/media_pb.js'
import { type SegmentClosed, SegmentClosedSchema } from '../../../proto/gen/millrace/v1/segment_pb.js'
import { StreamStateSchema, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../../runtime/Bucket.ts'
import { crc32c } from '../../../runtime/checksum.ts'
import { Log } from '../../../runtime/Log.ts'
import { writeFragment } from '../../fmp4/writeFragment.ts'
import type { EncodedTrack } from './encodeSamples.ts'

/** One rendition of a stream under test. */
export interface TestRendition {
  readonly name: string
  readonly kind: 'video' | 'audio'
  readonly timescale: number
  readonly track: EncodedTrack
}

export interface RecordOptions {
  /** Pieces that each record with media is split into; 1 by default. */
  readonly pieces?: number
  /** Spoils the fragments of one segment, or of all of a rendition, after their checksums were taken. */
  readonly damage?: { readonly rendition: string; readonly msn?: number }
  /** Where the MEDIA log ends: with the stream's end by default. */
  readonly open?: boolean
}

/** What a stream left in the log. */
export interface RecordedStream {
  readonly id: string
  readonly prefix: string
  readonly announcements: ReadonlyArray<SegmentClosed>
  /** Sequence of the MEDIA head. */
  readonly headSeq: number
}

const SEGMENT_S = 2
const RECORD_S = 0.25
const START_S = 10
const ANCHOR_MS = 1_772_236_800_000

interface Numbered {
  readonly fragment: Fragment
  readonly until_s: number
}

/** All fragments of a rendition, a quarter of a second each, in segments of 2 s. */
const fragmentsOf = ({ name, timescale, track }: TestRendition): ReadonlyArray<Numbered> => {
  const groups = Map.groupBy(track.samples, ({ dts }) => Math.floor((dts / timescale - START_S + 1e-6) / RECORD_S))
  let number = 0
  return [...groups].map(([slot, samples]) => {
    const data = writeFragment((number += 1), samples)
    const fragment = create(FragmentSchema, {
      rendition: name,
      msn: Math.max(0, Math.floor((slot * RECORD_S) / SEGMENT_S)),
      part: ((slot % 8) + 8) % 8,
      start: BigInt(samples[0]?.dts ?? 0),
      duration: BigInt(samples.reduce((sum, { duration }) => sum + duration, 0)),
      independent: samples[0]?.keyframe ?? false,
      frames: samples.length,
      closesPart: true,
      crc32c: crc32c(data),
      data
    })
    return { fragment, until_s: slot * RECORD_S }
  })
}

const keyPrefix = (id: string): string => `recordings/2026/02/28/${id}/`

/** Writes a stream's state and MEDIA log as its actor would, up to its end; announces nothing, and so does not call it ended. */
export const recordStream = Effect.fnUntraced(function* (id: string, renditions: ReadonlyArray<TestRendition>, options: RecordOptions = {}) {
  const log = yield* Log
  const { streams } = yield* Buckets
  const state = { streamId: id, title: `Test ${id}`, keyPrefix: keyPrefix(id), createdAtMs: BigInt(ANCHOR_MS) }
  yield* streams.create(id, create(StreamStateSchema, { ...state, status: StreamStatus.LIVE, renditions: renditions.map(({ name }) => ({ name })) }))
  const appender = log.appender(log.subject('media', id), 0)
  const append = (record: MediaRecord) => appender.append(toBinary(MediaRecordSchema, record))
  const token = yield* append(create(MediaRecordSchema, { body: { case: 'takeOver', value: {} } }))
  const closed = new Map<string, SegmentClosed>()
  let windowStartSeq = 0
  const slots = Map.groupBy(renditions.flatMap(fragmentsOf).sort((a, b) => a.until_s - b.until_s), ({ until_s }) => until_s)
  const opened = new Set<number>()
  for (const numbered of slots.values()) {
    const fragments = numbered.map(({ fragment }) => fragment)
    const opens = fragments.some(({ msn }) => !opened.has(msn))
    for (const { msn } of fragments) opened.add(msn)
    const seqs = yield* appendFragments(append, renditions, fragments, opens, windowStartSeq, options)
    if (windowStartSeq === 0) windowStartSeq = seqs.last
    for (const fragment of fragments) note(closed, id, renditions, fragment, seqs, token)
  }
  if (options.open !== true) yield* append(endOf(renditions, [...closed.values()]))
  return { id, prefix: keyPrefix(id), announcements: [...closed.values()], headSeq: appender.expected() } satisfies RecordedStream
})

type Append = (record: MediaRecord) => Effect.Effect<number, unknown>

const appendFragments = Effect.fnUntraced(function* (
  append: Append, renditions: ReadonlyArray<TestRendition>, fragments: ReadonlyArray<Fragment>, opens: boolean, windowStartSeq: number, options: RecordOptions
) {
  const inits = opens ? renditions.map(({ name, kind, track, timescale }) => ({ rendition: name, number: 0, kind: kindOf(kind), timescale, data: track.init })) : []
  const sent = fragments.map((fragment) => (isDamaged(fragment, options) ? { ...fragment, data: spoiled(fragment.data) } : fragment))
  const value = create(FragmentsSchema, { inits, fragments: sent })
  const checkpoint = create(CheckpointSchema, { windowStartSeq: BigInt(windowStartSeq), anchorWallMs: BigInt(ANCHOR_MS), renditions: renditions.map(describe) })
  const count = options.pieces ?? 1
  if (count === 1) {
    const seq = yield* append(create(MediaRecordSchema, { checkpoint, body: { case: 'fragments', value } }))
    return { first: seq, last: seq }
  }
  const encoded = toBinary(FragmentsSchema, value)
  const size = Math.ceil(encoded.length / count)
  const seqs: Array<number> = []
  for (let piece = 0; piece < count; piece += 1) {
    const data = encoded.subarray(piece * size, (piece + 1) * size)
    seqs.push(yield* append(create(MediaRecordSchema, { checkpoint, body: { case: 'piece', value: { piece, pieces: count, data } } })))
  }
  const last = seqs.at(-1) ?? 0
  return { first: last, last }
})

const isDamaged = ({ rendition, msn }: Fragment, { damage }: RecordOptions): boolean => damage?.rendition === rendition && (damage.msn ?? msn) === msn
const spoiled = (data: Uint8Array): Uint8Array => data.map((byte, index) => (index === data.length - 1 ? byte ^ 1 : byte))
const kindOf = (kind: 'video' | 'audio'): TrackKind => (kind === 'video' ? TrackKind.VIDEO : TrackKind.AUDIO)

const describe = ({ name, kind, timescale }: TestRendition) =>
  kind === 'video'
    ? { name, kind: TrackKind.VIDEO, timescale, codec: 'avc1.42c00d', width: 320, height: 240, frameIntervalUs: 50_000 }
    : { name, kind: TrackKind.AUDIO, timescale, codec: 'mp4a.40.2', channels: 2, sampleRate: 48_000 }

const note = (
  closed: Map<string, SegmentClosed>, streamId: string, renditions: ReadonlyArray<TestRendition>, fragment: Fragment, seqs: { first: number; last: number }, token: number
): void => {
  const { rendition, msn, start } = fragment
  const timescale = renditions.find(({ name }) => name === rendition)?.timescale ?? 1
  const key = `${rendition} ${msn}`
  const programDateTimeMs = BigInt(Math.round(ANCHOR_MS + (Number(start) / timescale) * 1_000))
  const segment =
    closed.get(key) ?? create(SegmentClosedSchema, { streamId, rendition, msn, start, timescale, programDateTimeMs, firstSeq: BigInt(seqs.first), fencingToken: BigInt(token) })
  segment.duration += fragment.duration
  segment.frames += fragment.frames
  segment.bytes += BigInt(fragment.data.length)
  segment.lastSeq = BigInt(seqs.last)
  closed.set(key, segment)
}

const endOf = (renditions: ReadonlyArray<TestRendition>, segments: ReadonlyArray<SegmentClosed>): MediaRecord =>
  create(MediaRecordSchema, {
    checkpoint: { renditions: renditions.map(describe) },
    body: {
      case: 'end',
      value: {
        reason: EndReason.STOPPED,
        durationMs: 6_000n,
        renditions: renditions.map(({ name, track }) => ({
          rendition: name, segments: segments.filter(({ rendition }) => rendition === name).length, frames: BigInt(track.samples.length)
        }))
      }
    }
  })

/** Says on SEGMENTS that these segments are closed. */
export const announce = Effect.fnUntraced(function* (segments: ReadonlyArray<SegmentClosed>) {
  const log = yield* Log
  for (const segment of segments) yield* log.publish(log.subject('segments', segment.streamId).subject, toBinary(SegmentClosedSchema, segment))
})

/** Announces all segments of a stream and then calls it ended, as its actor does. */
export const finish = Effect.fnUntraced(function* ({ id, announcements }: RecordedStream) {
  const { streams } = yield* Buckets
  yield* announce(announcements)
  const entry = yield* streams.get(id)
  if (entry === undefined) return yield* Effect.die(new Error(`no stream ${id}`))
  yield* streams.update(id, { ...entry.value, status: StreamStatus.ENDED, endedAtMs: BigInt(ANCHOR_MS + 6_000) }, entry.revision)
})
