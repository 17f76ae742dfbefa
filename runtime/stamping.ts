import type { Owned, RecordCodec, RecordStamp } from './ActorKind.ts'

/** The stamps of one activation's records, and what its stored records say of how it went. */
export interface Stamping<Record> {
  readonly stampOf: (record: Record, resumeSeq: number, writtenAt_ms: number) => RecordStamp
  readonly onStored: (record: Record) => void
  /** Whether something that the actor is there to make was stored. */
  readonly progressed: () => boolean
}

/** From the first record that moves the checkpoint on, what broke before it counts no more. */
export const makeStamping = <Record>(codec: RecordCodec<Record>, owned: Owned<Record>, leaseRevision: number, node: string): Stamping<Record> => {
  let moved = false
  let progressed = false
  return {
    stampOf: (record, resumeSeq, writtenAt_ms) => {
      const attempts = moved || codec.isProgress(record) ? 0 : owned.attempts
      return { leaseRevision, resumeSeq, attempts, brokenBy: attempts === 0 ? '' : owned.brokenBy ?? '', fencingToken: owned.token, node, writtenAt_ms }
    },
    onStored: (record) => {
      moved ||= codec.isProgress(record)
      progressed ||= codec.isOutput(record)
    },
    progressed: () => progressed
  }
}
