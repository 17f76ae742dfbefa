/**
 * The archive's work as pure steps: `archiveSegment`, `giveUpSegment` and `finalizeRecording` are generators that yield
 * one request at a time and get its reply. Whoever drives them (`performSteps`, or a simulator) may stop after any
 * step, which is what a crash is, and may begin again from the start at any time, also beside another one at the same
 * work: the same is written again. A request that fails ends the run; nothing is caught in here. No clock, no randomness.
 */
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import type { ArchivedSegment, RecordingOutcome, RecordingSeed } from '../database/Recordings.ts'

/** A stream's entry in the bucket `streams`. */
export interface StreamEntry {
  readonly value: StreamState
  readonly revision: number
}

/** One thing that the archive asks of the logs, the bucket `streams`, the database or the object store. */
export type ArchiveRequest =
  | { readonly _tag: 'ReadStream'; readonly id: string }
  /** Only if its revision is still `revision`; answers whether it was written. */
  | { readonly _tag: 'UpdateStream'; readonly id: string; readonly value: StreamState; readonly revision: number }
  /** The newest record of the stream's MEDIA log, asked of the leader. */
  | { readonly _tag: 'ReadHead'; readonly id: string }
  /** Entries of the stream's MEDIA log, `from` and `to` included. */
  | { readonly _tag: 'ReadMedia'; readonly id: string; readonly from: number; readonly to: number }
  /** Announcements of the stream that are still on SEGMENTS. */
  | { readonly _tag: 'ReadAnnounced'; readonly id: string }
  /** Sequence on SEGMENTS up to which the archive has done everything. */
  | { readonly _tag: 'ReadAcknowledged' }
  | { readonly _tag: 'ReadRow'; readonly id: string; readonly rendition: string; readonly msn: number }
  | { readonly _tag: 'ReadRows'; readonly id: string }
  /** Guarded by the row's fencing token; answers whether anything was written. */
  | { readonly _tag: 'WriteRow'; readonly recording: RecordingSeed; readonly row: ArchivedSegment }
  /** Guarded by the outcome's fencing token; answers whether anything was written. */
  | { readonly _tag: 'Conclude'; readonly recording: RecordingSeed; readonly outcome: RecordingOutcome }
  | { readonly _tag: 'HasObject'; readonly key: string }
  /** Keys of all objects below a folder. */
  | { readonly _tag: 'ListObjects'; readonly folder: string }
  | { readonly _tag: 'PutObject'; readonly key: string; readonly bytes: Uint8Array }
  /** Makes a picture of a stored segment and stores it; a segment that gives none leaves none. */
  | { readonly _tag: 'StorePoster'; readonly key: string; readonly init: string; readonly segment: string }
  /** Wall clock, ms since 1970. */
  | { readonly _tag: 'ReadClock' }
  | { readonly _tag: 'Publish'; readonly subject: string; readonly data: Uint8Array }
  /** Parks an announcement on DEAD. */
  | { readonly _tag: 'Park'; readonly id: string; readonly reason: string; readonly entry: LogEntry }

/** What each request is answered with. */
export interface ArchiveReplies {
  readonly ReadStream: StreamEntry | undefined
  readonly UpdateStream: boolean
  readonly ReadHead: LogEntry | undefined
  readonly ReadMedia: ReadonlyArray<LogEntry>
  readonly ReadAnnounced: ReadonlyArray<LogEntry>
  readonly ReadAcknowledged: number
  readonly ReadRow: ArchivedSegment | undefined
  readonly ReadRows: ReadonlyArray<ArchivedSegment>
  readonly WriteRow: boolean
  readonly Conclude: boolean
  readonly HasObject: boolean
  readonly ListObjects: ReadonlySet<string>
  readonly PutObject: undefined
  readonly StorePoster: undefined
  readonly ReadClock: number
  readonly Publish: undefined
  readonly Park: undefined
}

/** The reply to any request, for whoever drives. */
export type ArchiveReply = ArchiveReplies[ArchiveRequest['_tag']]

/** Work in steps, ending with an `A`. Begin with `next(undefined)`, then give each request's reply. */
export type Steps<A> = Generator<ArchiveRequest, A, ArchiveReply>

/** Asks one thing; the reply has the type that belongs to the request. */
export function* ask<R extends ArchiveRequest>(request: R): Steps<ArchiveReplies[R['_tag']]> {
  return (yield request) as ArchiveReplies[R['_tag']]
}
