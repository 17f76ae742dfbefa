import { Schema } from 'effect'

/** Somebody else has written to the log since: this writer no longer owns it and must write nothing more. */
export class Fenced extends Schema.TaggedError<Fenced>()('Fenced', {
  subject: Schema.String,
  expected: Schema.Number,
  head: Schema.Number
}) {}

/** The log holds nothing although this writer has written to it: it was removed from outside. Never start again from 0. */
export class HeadLost extends Schema.TaggedError<HeadLost>()('HeadLost', {
  subject: Schema.String,
  expected: Schema.Number
}) {}

/** The log or its disk is full; nothing was stored. */
export class LogFull extends Schema.TaggedError<LogFull>()('LogFull', {
  subject: Schema.String,
  code: Schema.Number,
  description: Schema.String
}) {}

/** The record is bigger than the server takes. */
export class RecordTooBig extends Schema.TaggedError<RecordTooBig>()('RecordTooBig', {
  subject: Schema.String,
  bytes: Schema.Number,
  limit: Schema.Number
}) {}

/** NATS did not answer, or with an error that names no better fact. Whether a write was stored is unknown. */
export class LogUnavailable extends Schema.TaggedError<LogUnavailable>()('LogUnavailable', {
  operation: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.reason}`
  }
}

/** The first connection to NATS failed. */
export class NatsUnavailable extends Schema.TaggedError<NatsUnavailable>()('NatsUnavailable', {
  server: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `no NATS at ${this.server} (NATS_URL): ${this.reason}`
  }
}

/** The server holds a log or bucket under our name whose configuration is not ours. */
export class TopologyMismatch extends Schema.TaggedError<TopologyMismatch>()('TopologyMismatch', {
  log: Schema.String,
  field: Schema.String,
  wanted: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `the log ${this.log} has ${this.field} ${this.found} on the NATS server, and ${this.wanted} in the settings of this node`
  }
}

/** The server cannot hold as much as the settings let the logs grow to. */
export class LogsTooBig extends Schema.TaggedError<LogsTooBig>()('LogsTooBig', {
  /** Bytes of all logs together, or of the one that was refused. */
  bytes: Schema.Number,
  what: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.what} may grow to ${this.bytes} bytes, and ${this.reason}: set MILLRACE_LOG_BYTES (logBytes) lower, or give JetStream more room`
  }
}

/** The server is too old for what is asked of it. */
export class ServerTooOld extends Schema.TaggedError<ServerTooOld>()('ServerTooOld', {
  version: Schema.String,
  wanted: Schema.String,
  why: Schema.String
}) {
  override get message(): string {
    return `nats-server ${this.version} is too old, ${this.wanted} or newer is needed: ${this.why}`
  }
}

/** Copies of each log are wanted of a server that is alone. */
export class NotClustered extends Schema.TaggedError<NotClustered>()('NotClustered', {
  replicas: Schema.Number
}) {
  override get message(): string {
    return `the NATS server is alone, and ${this.replicas} copies of each log want a cluster: set MILLRACE_REPLICAS to 1, or name the servers of a cluster`
  }
}

/** A bucket's entry has another revision than the writer has read. */
export class RevisionConflict extends Schema.TaggedError<RevisionConflict>()('RevisionConflict', {
  bucket: Schema.String,
  key: Schema.String
}) {}

/** No node owns the actor that was asked. */
export class NotActive extends Schema.TaggedError<NotActive>()('NotActive', {
  kind: Schema.String,
  id: Schema.String
}) {}

/** The actor's node is there but did not answer by the deadline. */
export class AskTimeout extends Schema.TaggedError<AskTimeout>()('AskTimeout', {
  kind: Schema.String,
  id: Schema.String,
  deadline_ms: Schema.Number
}) {}
