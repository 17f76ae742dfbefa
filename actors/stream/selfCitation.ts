import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'

/**
 * A checkpoint is written before its record has a sequence, so it says 0 for "this very record". This puts the number in:
 * `first`, and `last` where a record that came in pieces is whole.
 */
export const citeSelf = (checkpoint: Checkpoint, first: number, last?: number): Checkpoint => {
  const begin = BigInt(first)
  const end = BigInt(last ?? 0)
  const opened = (index: number): boolean => checkpoint.windowStartMsn + index <= checkpoint.openedMsn
  return {
    ...checkpoint,
    windowStartSeq: checkpoint.windowStartSeq === 0n && checkpoint.segments.length > 0 ? begin : checkpoint.windowStartSeq,
    renditions: checkpoint.renditions.map((one) => (one.segmentFrames > 0 && one.segmentFirstSeq === 0n ? { ...one, segmentFirstSeq: begin } : one)),
    segments: checkpoint.segments.map((one, index) => (opened(index) && one.firstSeq === 0n ? { ...one, firstSeq: begin } : one)),
    unannounced: checkpoint.unannounced.map((one) =>
      one.lastSeq !== 0n ? one : { ...one, firstSeq: one.firstSeq === 0n ? begin : one.firstSeq, lastSeq: end }
    )
  }
}
