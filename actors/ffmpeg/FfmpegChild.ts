import { Context, Effect, Layer, Schedule } from 'effect'
import type { Scope } from 'effect'
import { FfmpegUnavailable, MachineExhausted } from './errors.ts'
import type { FfmpegChild, FfmpegEvent } from './events.ts'
import { findExecutable, isExecutable } from './launch.ts'
import { ADDRESS_SPACE_BYTES, EXHAUSTED_PAUSE_MS, EXHAUSTED_RETRIES_MAX, QUIET_MS, WATCHDOG_PERIOD_MS } from './limits.ts'
import type { FfmpegPlan } from './plan.ts'
import { startChild } from './startChild.ts'
import type { ChildSettings } from './startChild.ts'
import { watchdogLimits } from './watchdog.ts'

export type { FfmpegChild, FfmpegEvent, FfmpegExited } from './events.ts'

/** Starts FFmpeg children. */
export class Ffmpeg extends Context.Service<
  Ffmpeg,
  {
    /**
     * Starts a child that lives until it exits or the scope closes; closing waits until nothing of it is left.
     * `onEvent` is called from socket callbacks: it must not block and must not throw.
     * Fails with `FfmpegUnavailable` when there is no FFmpeg or the system refuses sockets or process; where it has
     * no more of them just now, that is waited out for a while.
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
    const executable = findExecutable(settings.executable ?? 'ffmpeg')
    const complete = { ...defaultSettings(), ...settings }
    return Ffmpeg.of({
      spawn: Effect.fn('Ffmpeg.spawn')(function* (plan, onEvent) {
        if (executable === undefined) return yield* new FfmpegUnavailable({ message: `${settings.executable ?? 'ffmpeg'} is not on PATH` })
        if (!isExecutable(executable)) return yield* new FfmpegUnavailable({ message: `cannot execute ${executable}` })
        const start = Effect.tryPromise({
          try: () => startChild({ ...complete, executable }, plan, onEvent),
          catch: refusal,
        })
        const acquire = Effect.acquireRelease(start, (child) =>
          Effect.promise(() => {
            child.kill()
            return child.gone
          }),
        )
        return yield* acquire.pipe(
          Effect.tapErrorTag('MachineExhausted', ({ message }) => Effect.logWarning('the machine has no room for an FFmpeg', { reason: message })),
          Effect.retry({ while: ({ _tag }) => _tag === 'MachineExhausted', times: EXHAUSTED_RETRIES_MAX, schedule: Schedule.spaced(EXHAUSTED_PAUSE_MS) }),
          Effect.catchTag('MachineExhausted', ({ message }) => new FfmpegUnavailable({ message })),
        )
      }),
    })
  })

/** What the system says where there will be room again. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'])

const refusal = (cause: unknown): FfmpegUnavailable | MachineExhausted => {
  const { code, message } = cause as NodeJS.ErrnoException
  return EXHAUSTED.has(code ?? '') ? new MachineExhausted({ message }) : new FfmpegUnavailable({ message: message ?? String(cause) })
}

const defaultSettings = (): Omit<ChildSettings, 'executable'> => ({
  setpriv: findExecutable('setpriv'),
  addressSpace_bytes: ADDRESS_SPACE_BYTES,
  quiet_ms: QUIET_MS,
  watchdog: watchdogLimits,
  watchdogPeriod_ms: WATCHDOG_PERIOD_MS,
})
