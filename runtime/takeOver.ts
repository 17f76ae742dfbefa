import type { RecordCodec, RecordStamp } from './ActorKind.ts'

/** What to do with the head of an outbox that was just read under a lease. */
export type TakeOverStep<Record> =
  | { readonly _tag: 'Superseded' }
  | { readonly _tag: 'Append'; readonly record: Record; readonly stamp: Omit<RecordStamp, 'node' | 'writtenAt_ms'>; readonly expected: number; readonly previousToken: number }

/**
 * The TakeOver to write after a head: it carries the checkpoint forward and counts the activations that broke by
 * themselves with the checkpoint where it is. `broke` says on what the one before did, where this node knows of it: a
 * node that dies, a hand-over, or a child ended from outside neither counts nor makes the count begin anew. A head
 * written under a greater lease revision means that somebody came later and owns the actor.
 */
export const decideTakeOver = <Record>(
  codec: RecordCodec<Record>,
  head: { readonly seq: number; readonly record: Record } | undefined,
  leaseRevision: number,
  broke?: string
): TakeOverStep<Record> => {
  if (head === undefined) {
    const stamp = { leaseRevision, resumeSeq: 1, attempts: 0, fencingToken: 0 }
    return { _tag: 'Append', record: codec.takeOver(undefined), stamp, expected: 0, previousToken: 0 }
  }
  const before = codec.stampOf(head.record)
  if (before.leaseRevision > leaseRevision) return { _tag: 'Superseded' }
  const attempts = before.attempts + (broke === undefined ? 0 : 1)
  const brokenBy = broke ?? before.brokenBy ?? ''
  return {
    _tag: 'Append',
    record: codec.takeOver(head.record),
    stamp: { leaseRevision, resumeSeq: before.resumeSeq, attempts, brokenBy, fencingToken: 0 },
    expected: head.seq,
    previousToken: before.fencingToken === 0 ? head.seq : before.fencingToken
  }
}
