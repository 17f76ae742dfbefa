import { Schema } from "effect"

/** A program that Millrace needs is neither here nor installable; `message` is one line that says what to do. */
export class ProgramMissing extends Schema.TaggedError<ProgramMissing>()("ProgramMissing", {
  program: Schema.String,
  message: Schema.String
}) {}

/** A child process could not be started at all (no such file, no permission, no process slots). */
export class ProcessNotStarted extends Schema.TaggedError<ProcessNotStarted>()("ProcessNotStarted", {
  name: Schema.String,
  message: Schema.String
}) {}

/** A service was started but exited or did not answer in time; `message` ends with what it last logged. */
export class ServiceNotReady extends Schema.TaggedError<ServiceNotReady>()("ServiceNotReady", {
  service: Schema.String,
  message: Schema.String
}) {}

/** A setting or the state of the machine forbids the start; `message` is one line that says what to change. */
export class BringUpRefused extends Schema.TaggedError<BringUpRefused>()("BringUpRefused", {
  message: Schema.String
}) {}

/** Everything that can stop a bring-up, each with a `message` made for the person at the terminal. */
export type BringUpError = ProgramMissing | ProcessNotStarted | ServiceNotReady | BringUpRefused
