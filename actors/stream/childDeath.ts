import type { FfmpegExited } from '../ffmpeg/FfmpegChild.ts'
import { REASON_CHARS_MAX } from './limits.ts'

/** Signals with which somebody else ends a program; the kernel short of memory is somebody else too. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGSTOP', 'SIGCONT', 'SIGXCPU'])
/** FFmpeg's own exit code after SIGTERM, SIGINT or SIGQUIT; what shells answer where a program cannot be executed or lacks a library. */
const SIGNALLED = 255
const NOT_EXECUTABLE = 126
const NOT_FOUND = 127

/**
 * Whether FFmpeg broke by itself, on what it was given perhaps: crashed, gave up, hung, or gave what cannot be read. Not
 * where somebody else ended it, nor where it could not even be started: that says nothing of the source.
 */
export const brokeByItself = ({ code, signal, reason }: FfmpegExited): boolean => {
  if (signal !== null) return reason !== undefined || !FROM_OUTSIDE.has(signal)
  return code !== null && code !== SIGNALLED && code !== NOT_EXECUTABLE && code !== NOT_FOUND
}

/** How FFmpeg ended and what it said last, for people. That nobody could write to it any more is no news. */
export const causeOfDeath = ({ code, signal, reason, stderr }: FfmpegExited): string => {
  const said = stderr.trim().split('\n').findLast((line) => !line.startsWith('stdin: ')) ?? ''
  const how = reason ?? (signal === null ? `FFmpeg exited with ${code}` : `FFmpeg was ended by ${signal}`)
  return (said === '' ? how : `${how}: ${said}`).slice(0, REASON_CHARS_MAX)
}
