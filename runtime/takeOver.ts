import type { RecordCodec, RecordStamp } from './ActorKind.ts'

/** What to do with the head of an outbox that was just read under a lease. */
export type TakeOverStep<Record> =
  | { readonly _tag: 'Superseded' }
  | { readonly _tag: 'Append'; readonly record: Record; readonly stamp: Omit<RecordStamp, 'node' | 'writtenAt_ms'>; readonly expected: number; readonly previousToken: number }

/**
 * The TakeOver to write after a head: it carries the checkpoint forward and counts the takeovers that found it where it
 * was. A head written under a greater lease revision means that somebody came later and owns the actor.
 */
export const decideTakeOver = <Record>(
  codec: RecordCodec<Record>,
  head: { readonly seq: number; readonly record: Record } | undefined,
  leaseRevision: number
): TakeOverStep<Record> => {
  if (head === undefined) {
    const stamp = { leaseRevision, resumeSeq: 1, attempts: 0, fencingToken: 0 }
    return { _tag: 'Append', record: codec.takeOver(undefined), stamp, expected: 0, previousToken: 0 }
  }
  const before = codec.stampOf(head.record)
  if (before.leaseRevision > leaseRevision) return { _tag: 'Superseded' }
  const attempts = codec.isProgress(head.record) ? 0 : before.attempts + 1
  return {
    _tag: 'Append',
    record: codec.takeOver(head.record),
    stamp: { leaseRevision, resumeSeq: before.resumeSeq, attempts, fencingToken: 0 },
    expected: head.seq,
    previousToken: before.fencingToken === 0 ? head.seq : before.fencingToken
  }
}
