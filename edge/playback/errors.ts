import { Schema } from 'effect'

/** Nothing is known of a stream with this id. */
export class StreamUnknown extends Schema.TaggedError<StreamUnknown>()('StreamUnknown', { id: Schema.String }) {}

/** The stream has ended and its log is gone: only its recording is left. */
export class StreamOver extends Schema.TaggedError<StreamOver>()('StreamOver', { id: Schema.String }) {}

/** This edge follows as many streams as it may. */
export class FollowRefused extends Schema.TaggedError<FollowRefused>()('FollowRefused', { limit: Schema.Number }) {}

/** The log did not give within the time what its head says it holds. */
export class CatchUpTimeout extends Schema.TaggedError<CatchUpTimeout>()('CatchUpTimeout', { id: Schema.String, wanted: Schema.Number, reached: Schema.Number }) {}

/** The head of the stream's log cannot be read as a MEDIA record. */
export class HeadUnreadable extends Schema.TaggedError<HeadUnreadable>()('HeadUnreadable', { id: Schema.String, seq: Schema.Number }) {}
