import { Effect } from 'effect'
import { Ffmpeg, type FfmpegChild, type FfmpegEvent } from '../../../actors/ffmpeg/FfmpegChild.ts'
import { SimulatedFfmpeg } from '../../../actors/stream/testing/simulatedFfmpeg.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

/** What becomes of a child, decided when it starts. */
export type Fate =
  | { readonly _tag: 'Healthy' }
  /** Killed, or its output turned to garbage, once it has been fed so many bytes. */
  | { readonly _tag: 'Dies'; readonly afterBytes: number; readonly reason: 'killed' | 'garbage' }
  /** Ended by somebody who lets it write what it has, its newest picture with a guess (90 kHz) of how long it lasts. */
  | { readonly _tag: 'Ends'; readonly afterBytes: number; readonly guess: number }
  /** Takes input and gives nothing more, until the watchdog kills it. */
  | { readonly _tag: 'Hangs'; readonly afterBytes: number }

const HANG_NOTICED_MS = 8_000
const GONE_MS = 5

/** FFmpeg as programs know it: simulated children that live and die with their process. */
export const ffmpegService = (process: SimulatedProcess, fateOf: () => Fate, mayBreak: (killed: boolean) => boolean, poison: ReadonlySet<number>): Ffmpeg['Service'] =>
  Ffmpeg.of({
    spawn: (plan, onEvent) =>
      Effect.acquireRelease(
        Effect.sync(() => new Child(process, new SimulatedFfmpeg(plan, poison), fateOf(), mayBreak, onEvent)),
        (child) => Effect.andThen(Effect.sync(() => child.kill()), Effect.sleep(GONE_MS))
      )
  })

class Child implements FfmpegChild {
  readonly pid: number
  readonly #process: SimulatedProcess
  readonly #ffmpeg: SimulatedFfmpeg
  readonly #fate: Fate
  readonly #mayBreak: (killed: boolean) => boolean
  readonly #onEvent: (event: FfmpegEvent) => void
  #fed = 0
  #busyUntil_ms = 0
  #gone = false
  #hung = false

  constructor(process: SimulatedProcess, ffmpeg: SimulatedFfmpeg, fate: Fate, mayBreak: (killed: boolean) => boolean, onEvent: (event: FfmpegEvent) => void) {
    this.pid = process.dice.below(2 ** 16)
    this.#process = process
    this.#ffmpeg = ffmpeg
    this.#fate = fate
    this.#mayBreak = mayBreak
    this.#onEvent = onEvent
  }

  readonly queuedBytes = (): number => 0

  readonly write = (bytes: Uint8Array): void =>
    this.#later(() => {
      this.#fed += bytes.byteLength
      const fate = this.#fate
      if (fate._tag !== 'Healthy' && this.#fed >= fate.afterBytes && !this.#hung && this.#mayBreak(fate._tag === 'Ends' || (fate._tag === 'Dies' && fate.reason === 'killed'))) return this.#meet(fate)
      if (this.#hung) return this.#tell([{ _tag: 'Credit', bytes: bytes.byteLength }])
      this.#tell(this.#ffmpeg.feed(bytes))
    })

  readonly end = (): void =>
    this.#later(() => {
      if (!this.#hung) this.#tell(this.#ffmpeg.end())
    })

  readonly kill = (): void => {
    this.#gone = true
  }

  #meet(fate: Exclude<Fate, { readonly _tag: 'Healthy' }>): void {
    const { world, name } = this.#process
    if (fate._tag === 'Dies') {
      world.fault(fate.reason === 'killed' ? 'FFmpeg killed' : 'FFmpeg writes garbage', name)
      const reason = fate.reason === 'garbage' ? { reason: 'unreadable output' } : {}
      return this.#tell([{ _tag: 'Exited', code: null, signal: 'SIGKILL', complete: false, stderr: '', ...reason }])
    }
    if (fate._tag === 'Ends') {
      world.fault('FFmpeg ended', name)
      return this.#tell(this.#ffmpeg.terminate(fate.guess))
    }
    world.fault('FFmpeg hangs', name)
    this.#hung = true
    this.#process.after(HANG_NOTICED_MS, () => this.#tell([{ _tag: 'Exited', code: null, signal: 'SIGKILL', complete: false, stderr: '', reason: 'hangs' }]))
  }

  #tell(events: ReadonlyArray<FfmpegEvent>): void {
    for (const event of events) {
      if (this.#gone) return
      if (event._tag === 'Exited') this.#gone = true
      this.#onEvent(event)
    }
  }

  /** The child takes its time, and keeps the order. */
  #later(run: () => void): void {
    const { now_ms } = this.#process.world
    this.#busyUntil_ms = Math.max(this.#busyUntil_ms, now_ms) + this.#process.dice.between(0.2, 4)
    this.#process.after(this.#busyUntil_ms - now_ms, () => {
      if (!this.#gone) run()
    })
  }
}
