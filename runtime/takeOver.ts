import type { RecordCodec, RecordStamp } from './ActorKind.ts'

/** What to do with the head of an outbox that was just read under a lease. */
export type TakeOverStep<Record> =
  | { readonly _tag: 'Superseded' }
  | { readonly _tag: 'Append'; readonly record: Record; readonly stamp: Omit<RecordStamp, 'node' | 'writtenAt_ms'>; readonly expected: number; readonly previousToken: number }

/** What an activation broke on by itself, and its fencing token, where it had come to one. */
export interface Break {
  readonly reason: string
  readonly token: number | undefined
}

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
  broke?: Break
): TakeOverStep<Record> => {
  if (head === undefined) {
    const stamp = { leaseRevision, resumeSeq: 1, attempts: 0, fencingToken: 0 }
    return { _tag: 'Append', record: codec.takeOver(undefined), stamp, expected: 0, previousToken: 0 }
  }
  const before = codec.stampOf(head.record)
  if (before.leaseRevision > leaseRevision) return { _tag: 'Superseded' }
  const previousToken = before.fencingToken === 0 ? head.seq : before.fencingToken
  // A TakeOver that counted it may be stored although nobody learnt so: each break counts once.
  const counts = broke !== undefined && (broke.token === undefined || broke.token === previousToken)
  const attempts = before.attempts + (counts ? 1 : 0)
  const brokenBy = counts ? broke.reason : before.brokenBy ?? ''
  return {
    _tag: 'Append',
    record: codec.takeOver(head.record),
    stamp: { leaseRevision, resumeSeq: before.resumeSeq, attempts, brokenBy, fencingToken: 0 },
    expected: head.seq,
    previousToken
  }
}
