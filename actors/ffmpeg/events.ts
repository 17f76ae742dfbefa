import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'

/** A running FFmpeg. */
export interface FfmpegChild {
  /** Also the id of its process group. */
  readonly pid: number
  /**
   * Queues bytes for stdin; the caller must not change them afterwards. The caller bounds the queue by `Credit`. `frames`
   * (default 1): how many frames begin in them, or between them and the bytes before.
   */
  readonly write: (bytes: Uint8Array, frames?: number) => void
  /** Bytes written and not yet taken by FFmpeg's pipe. */
  readonly queuedBytes: () => number
  /** No more input: FFmpeg finishes what it has and exits. */
  readonly end: () => void
  /** SIGKILL to its process group; `Exited` follows. */
  readonly kill: () => void
}

/** What a child tells, in order; `Exited` is the last. */
export type FfmpegEvent =
  | { readonly _tag: 'Init'; readonly rendition: string; readonly bytes: Uint8Array; readonly info: InitInfo }
  | { readonly _tag: 'Samples'; readonly rendition: string; readonly samples: ReadonlyArray<Sample> }
  /** Samples came, and then no rendition gave anything for `QUIET_MS`. */
  | { readonly _tag: 'Quiet' }
  /** Stdin took bytes. */
  | { readonly _tag: 'Credit'; readonly bytes: number }
  | FfmpegExited

/** The end of a child; its sockets, their folder and its process group are gone by now. */
export interface FfmpegExited {
  readonly _tag: 'Exited'
  readonly code: number | null
  readonly signal: string | null
  /** After `end()` and with exit code 0 every output ended on the border of a fragment. */
  readonly complete: boolean
  /** The newest of what it said. */
  readonly stderr: string
  /** Why it was killed from here (watchdog, unreadable output, overrun), when it was. */
  readonly reason?: string
}
