import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import type { SegmentName } from '../database/Recordings.ts'

/** A segment that is not known to be archived, and where in MEDIA it begins. */
export interface PendingSegment extends SegmentName {
  readonly firstSeq: number
}

/** Segments that the head of a MEDIA log knows to be open, or closed without having been announced for certain. Sequence 0 in a record means the record itself. */
export const pendingOfHead = (seq: number, head: MediaRecord): ReadonlyArray<PendingSegment> => {
  const at = (cited: bigint): number => Number(cited) || seq
  const { checkpoint } = head
  if (checkpoint === undefined) return []
  const closed = checkpoint.unannounced.map(({ rendition, msn, firstSeq }) => ({ rendition, msn, firstSeq: at(firstSeq) }))
  const open = checkpoint.renditions
    .filter((rendition) => rendition.segmentFrames > 0)
    .map(({ name, msn, segmentFirstSeq }) => ({ rendition: name, msn, firstSeq: at(segmentFirstSeq) }))
  return [...closed, ...open]
}

/** Smallest sequence at which a segment without a row begins. */
export const oldestUnarchived = (pending: ReadonlyArray<PendingSegment>, rows: ReadonlyArray<SegmentName>): number | undefined => {
  const archived = new Set(rows.map(({ rendition, msn }) => `${rendition} ${msn}`))
  const open = pending.filter(({ rendition, msn }) => !archived.has(`${rendition} ${msn}`))
  return open.length === 0 ? undefined : Math.min(...open.map(({ firstSeq }) => firstSeq))
}
