import { Schema } from 'effect'

/** FFmpeg could not be started: not installed, no temporary folder for its sockets, or no process to be had. */
export class FfmpegUnavailable extends Schema.TaggedError<FfmpegUnavailable>()('FfmpegUnavailable', {
  message: Schema.String,
}) {}

/** The machine has no more file descriptors, processes or memory just now; that says nothing of the stream. */
export class MachineExhausted extends Schema.TaggedError<MachineExhausted>()('MachineExhausted', {
  message: Schema.String,
}) {}

/** A ladder such as `720p,480p` that cannot be read; `message` names the rung and what is allowed. */
export class LadderInvalid extends Schema.TaggedError<LadderInvalid>()('LadderInvalid', {
  ladder: Schema.String,
  message: Schema.String,
}) {}
