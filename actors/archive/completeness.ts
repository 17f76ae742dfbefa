import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { MediaEnd } from '../../proto/gen/millrace/v1/media_pb.js'
import type { ArchivedSegment, RecordingRendition, SegmentName } from '../database/Recordings.ts'
import { describeRendition } from '../playlist/renderMultivariant.ts'
import { SEGMENTS_MAX } from './limits.ts'
import { objectKeys } from './objectKeys.ts'
import { measureBandwidth, type VodSegment } from '../playlist/renderVod.ts'

/** A rendition of an ended stream whose archived segments do not make up all of it yet. */
export interface Missing {
  readonly rendition: string
  readonly frames: number
  readonly framesArchived: number
}

/**
 * Renditions that the archive does not hold whole yet. One is whole when every number up to its end has a row, or,
 * where a discontinuity made it skip numbers, when the rows hold every frame. Rows of lost segments count: no better
 * ones will come.
 */
export const missingRenditions = (end: MediaEnd, rows: ReadonlyArray<ArchivedSegment>): ReadonlyArray<Missing> =>
  end.renditions.flatMap(({ rendition, segments, frames }) => {
    const own = rows.filter((row) => row.rendition === rendition && row.msn < segments)
    const framesArchived = own.reduce((sum, row) => sum + row.frames, 0)
    const whole = own.length === segments || framesArchived === Number(frames)
    return whole ? [] : [{ rendition, frames: Number(frames), framesArchived }]
  })

const NEVER_ANNOUNCED = 'it was never announced, or its announcement is lost'

/**
 * Rows of segments that are lost without a trace: their rendition is not whole, they have no row, and no announcement of
 * that rendition is `pending`, with whose frames it may come out whole and the numbers be skipped ones. Where they lie is
 * taken from the rows beside them.
 */
export const lostRows = (end: MediaEnd, rows: ReadonlyArray<ArchivedSegment>, pending: ReadonlyArray<SegmentName>): ReadonlyArray<ArchivedSegment> =>
  missingRenditions(end, rows).flatMap(({ rendition }) => {
    const own = rows.filter((row) => row.rendition === rendition).sort((a, b) => a.msn - b.msn)
    const taken = new Set(own.map(({ msn }) => msn))
    if (pending.some((one) => one.rendition === rendition && !taken.has(one.msn))) return []
    const segments = end.renditions.find((one) => one.rendition === rendition)?.segments ?? 0
    const lost = Array.from({ length: Math.min(segments, SEGMENTS_MAX) }, (_, msn) => msn).filter((msn) => !taken.has(msn))
    return lost.map((msn) => lostRow(rendition, msn, own.findLast((row) => row.msn < msn), own.find((row) => row.msn > msn)))
  })

const lostRow = (rendition: string, msn: number, before: ArchivedSegment | undefined, after: ArchivedSegment | undefined): ArchivedSegment => {
  const near = before ?? after
  const start = before === undefined ? (after?.start ?? 0) : before.start + before.duration
  const adjoins = before?.msn === msn - 1 && after?.msn === msn + 1 && after.start > start
  return {
    rendition,
    msn,
    init: near?.init ?? 0,
    start,
    duration: adjoins ? after.start - start : 0,
    timescale: near?.timescale ?? 90_000,
    programDateTime_ms: before === undefined ? (after?.programDateTime_ms ?? 0) : before.programDateTime_ms + Math.round((before.duration / before.timescale) * 1_000),
    discontinuities: near?.discontinuities ?? 0,
    frames: 0,
    bytes: 0,
    objectKey: null,
    reason: NEVER_ANNOUNCED,
    firstSeq: 0,
    lastSeq: 0,
    fenceToken: 0
  }
}

/** Rows as they are, but those whose object or init segment is not among the `keys` below `prefix` as lost. */
export const withoutMissingObjects = (prefix: string, rows: ReadonlyArray<ArchivedSegment>, keys: ReadonlySet<string>): ReadonlyArray<ArchivedSegment> =>
  rows.map((row) => {
    const there = row.objectKey === null || (keys.has(row.objectKey) && keys.has(objectKeys.init(prefix, row.rendition, row.init)))
    return there ? row : { ...row, objectKey: null, reason: 'its object is not in the store' }
  })

/** A row as playlists want it. */
const vodSegment = (row: ArchivedSegment): VodSegment => ({
  msn: row.msn,
  init: row.init,
  duration: row.duration,
  timescale: row.timescale,
  programDateTime_ms: row.programDateTime_ms,
  discontinuities: row.discontinuities,
  bytes: row.bytes,
  gap: row.objectKey === null
})

/** One rendition of a complete recording: what its row and the playlists say of it, and its segments in order. */
export interface RecordedRendition {
  readonly description: RecordingRendition
  readonly segments: ReadonlyArray<VodSegment>
}

/** Renditions that have at least one object, in playlist order, with their lost segments as gaps; bit rates measured from the others. */
export const recordedRenditions = (checkpoint: Checkpoint, rows: ReadonlyArray<ArchivedSegment>): ReadonlyArray<RecordedRendition> =>
  checkpoint.renditions.flatMap((rendition) => {
    const own = rows.filter((row) => row.rendition === rendition.name).sort((a, b) => a.msn - b.msn)
    const stored = own.filter((row) => row.objectKey !== null)
    if (stored.length === 0) return []
    const frames = stored.reduce((sum, row) => sum + row.frames, 0)
    const measured = measureBandwidth(stored.map(vodSegment))
    return [{ description: { ...describeRendition(rendition), ...measured, segments: stored.length, frames }, segments: own.map(vodSegment) }]
  })

/** What is wrong with a recording, for people; empty when nothing is. */
export const complaint = (end: MediaEnd, rows: ReadonlyArray<ArchivedSegment>): string => {
  const lost = rows.filter((row) => row.objectKey === null)
  const parts = end.detail === '' ? [] : [end.detail]
  if (lost.length > 0) parts.push(`${lost.length} of ${rows.length} segments are lost: ${lost[0]?.reason ?? ''}`)
  for (const { rendition, frames } of end.renditions) {
    const archived = rows.filter((row) => row.rendition === rendition).reduce((sum, row) => sum + row.frames, 0)
    if (archived !== Number(frames)) parts.push(`${rendition} has ${archived} of ${frames} frames`)
  }
  return parts.join('; ')
}
