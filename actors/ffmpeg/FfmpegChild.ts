import { Context, Effect, Layer } from 'effect'
import type { Scope } from 'effect'
import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'
import { FfmpegUnavailable } from './errors.ts'
import { findExecutable, isExecutable } from './launch.ts'
import { ADDRESS_SPACE_BYTES, QUIET_MS, WATCHDOG_PERIOD_MS } from './limits.ts'
import type { FfmpegPlan } from './plan.ts'
import { startChild } from './startChild.ts'
import type { ChildSettings } from './startChild.ts'
import { defaultSocketRoot, removeStaleSocketFolders } from './socketFolder.ts'
import { watchdogLimits } from './watchdog.ts'

/** A running FFmpeg. */
export interface FfmpegChild {
  /** Also the id of its process group. */
  readonly pid: number
  /** Queues bytes for stdin; the caller must not change them afterwards. The caller bounds the queue by `Credit`. */
  readonly write: (bytes: Uint8Array) => void
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

/** Starts FFmpeg children. */
export class Ffmpeg extends Context.Service<
  Ffmpeg,
  {
    /**
     * Starts a child that lives until it exits or the scope closes; closing waits until nothing of it is left.
     * `onEvent` is called from socket callbacks: it must not block and must not throw.
     * Fails with `FfmpegUnavailable` when there is no FFmpeg or the system refuses folder, socket or process.
     */
    readonly spawn: (
      plan: FfmpegPlan,
      onEvent: (event: FfmpegEvent) => void,
    ) => Effect.Effect<FfmpegChild, FfmpegUnavailable, Scope.Scope>
  }
>()('millrace/actors/Ffmpeg') {
  /** FFmpeg from `PATH`, with the limits of `limits.ts`. */
  static readonly layer: Layer.Layer<Ffmpeg> = Layer.suspend(() => layerWith({}))
}

/** As `Ffmpeg.layer`, with some settings of one's own. */
export const layerWith = (settings: Partial<ChildSettings>): Layer.Layer<Ffmpeg> =>
  Layer.sync(Ffmpeg, () => {
    const executable = settings.executable ?? findExecutable('ffmpeg')
    const complete = { ...defaultSettings(), ...settings }
    removeStaleSocketFolders(complete.socketRoot, Date.now())
    return Ffmpeg.of({
      spawn: Effect.fn('Ffmpeg.spawn')(function* (plan, onEvent) {
        if (executable === undefined) return yield* new FfmpegUnavailable({ message: 'ffmpeg is not on PATH' })
        if (!isExecutable(executable)) return yield* new FfmpegUnavailable({ message: `cannot execute ${executable}` })
        const start = Effect.tryPromise({
          try: () => startChild({ ...complete, executable }, plan, onEvent),
          catch: (cause) => new FfmpegUnavailable({ message: cause instanceof Error ? cause.message : String(cause) }),
        })
        return yield* Effect.acquireRelease(start, (child) =>
          Effect.promise(() => {
            child.kill()
            return child.gone
          }),
        )
      }),
    })
  })

const defaultSettings = (): Omit<ChildSettings, 'executable'> => ({
  setpriv: findExecutable('setpriv'),
  addressSpace_bytes: ADDRESS_SPACE_BYTES,
  quiet_ms: QUIET_MS,
  watchdog: watchdogLimits,
  watchdogPeriod_ms: WATCHDOG_PERIOD_MS,
  socketRoot: defaultSocketRoot(),
})
