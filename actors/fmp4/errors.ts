import { Schema } from 'effect'

/** The bytes are not a sequence of ISO base media boxes (ISO/IEC 14496-12 §4.2), or a box is over the size limit. */
export class BoxInvalid extends Schema.TaggedError<BoxInvalid>()('BoxInvalid', {
  message: Schema.String,
}) {}

/** A `moof` + `mdat` pair cannot be read as the samples of one track; `message` says why. */
export class FragmentInvalid extends Schema.TaggedError<FragmentInvalid>()('FragmentInvalid', {
  message: Schema.String,
}) {}

/** An init segment cannot be read as one track of a codec that is known here; `message` says why. */
export class InitInvalid extends Schema.TaggedError<InitInvalid>()('InitInvalid', {
  message: Schema.String,
}) {}
