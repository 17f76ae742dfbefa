import { Schema } from 'effect'

/** No object has this key. */
export class ObjectMissing extends Schema.TaggedError<ObjectMissing>()('ObjectMissing', {
  key: Schema.String
}) {}

/** The object is bigger than what may be read or written whole. */
export class ObjectTooBig extends Schema.TaggedError<ObjectTooBig>()('ObjectTooBig', {
  key: Schema.String,
  bytes: Schema.Number,
  limit: Schema.Number
}) {}

/** The store did not answer in time, or with an error. Whether a write was stored is unknown. `reason` holds no credentials. */
export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()('StoreUnavailable', {
  operation: Schema.String,
  reason: Schema.String
}) {}

/** The object store's address is not `http(s)://ACCESS:SECRET@host:port/bucket` or `file:/folder`. */
export class StoreUrlInvalid extends Schema.TaggedError<StoreUrlInvalid>()('StoreUrlInvalid', {
  reason: Schema.String
}) {}
