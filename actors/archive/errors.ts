import { Schema } from 'effect'

/** FFmpeg made no picture of a segment: not there, too slow, or it could not decode it. */
export class PosterFailed extends Schema.TaggedError<PosterFailed>()('PosterFailed', {
  reason: Schema.String
}) {}
