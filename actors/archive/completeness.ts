import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { MediaEnd } from '../../proto/gen/millrace/v1/media_pb.js'
import type { ArchivedSegment, RecordingRendition } from '../database/Recordings.ts'
import { describeRendition } from '../playlist/renderMultivariant.ts'
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

/** A row as playlists want it. Only for rows with an object. */
const vodSegment = (row: ArchivedSegment): VodSegment => ({
  msn: row.msn,
  init: row.init,
  duration: row.duration,
  timescale: row.timescale,
  programDateTime_ms: row.programDateTime_ms,
  discontinuities: row.discontinuities,
  bytes: row.bytes
})

/** One rendition of a complete recording: what its row and the playlists say of it, and its segments in order. */
export interface RecordedRendition {
  readonly description: RecordingRendition
  readonly segments: ReadonlyArray<VodSegment>
}

/** Renditions that have at least one object, in playlist order; bit rates measured from the segments. */
export const recordedRenditions = (checkpoint: Checkpoint, rows: ReadonlyArray<ArchivedSegment>): ReadonlyArray<RecordedRendition> =>
  checkpoint.renditions.flatMap((rendition) => {
    const own = rows.filter((row) => row.rendition === rendition.name && row.objectKey !== null).sort((a, b) => a.msn - b.msn)
    if (own.length === 0) return []
    const segments = own.map(vodSegment)
    const frames = own.reduce((sum, row) => sum + row.frames, 0)
    return [{ description: { ...describeRendition(rendition), ...measureBandwidth(segments), segments: own.length, frames }, segments }]
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
