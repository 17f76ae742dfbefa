import { once } from 'node:events'
import { ffmpegArguments } from './arguments.ts'
import type { FfmpegChild, FfmpegEvent } from './events.ts'
import { isAsleep } from './isAsleep.ts'
import { killGroup, launch, outputSockets } from './launch.ts'
import type { LaunchedProcess, LaunchSettings } from './launch.ts'
import { OUTPUT_ENDED_MS, STDIN_QUEUE_BYTES_MAX } from './limits.ts'
import { OutputSet } from './OutputSet.ts'
import type { FfmpegPlan } from './plan.ts'
import { StderrTail } from './StderrTail.ts'
import { StdinFeed } from './StdinFeed.ts'
import { asleepFor, hangReason, hasWork, waitingWithoutPause } from './watchdog.ts'
import type { Progress, WatchdogLimits } from './watchdog.ts'

/** Everything about children that is configuration. */
export interface ChildSettings extends LaunchSettings {
  readonly quiet_ms: number
  readonly watchdog: WatchdogLimits
  readonly watchdogPeriod_ms: number
}

/** A child with the promise that resolves once it and its sockets are gone. */
export interface StartedChild extends FfmpegChild {
  readonly gone: Promise<void>
}

/** Starts FFmpeg with a socket for each output. Rejects, leaving nothing behind, when the system refuses. */
export const startChild = async (
  settings: ChildSettings,
  plan: FfmpegPlan,
  onEvent: (event: FfmpegEvent) => void,
): Promise<StartedChild> => {
  const process = launch(settings, ffmpegArguments(plan), plan.outputs.length)
  await once(process, 'spawn')
  if (process.pid === undefined) throw new Error('a process that was spawned has no pid')
  return new Child(settings, process, process.pid, plan, onEvent)
}

/** Couples one process with its stdin, its outputs and its watchdog. */
class Child implements StartedChild {
  readonly pid: number
  readonly gone: Promise<void>
  readonly #settings: ChildSettings
  readonly #outputs: OutputSet
  readonly #onEvent: (event: FfmpegEvent) => void
  readonly #feed: StdinFeed
  readonly #stderr = new StderrTail()
  readonly #watchdog: NodeJS.Timeout
  #hasExited = false
  #reason: string | undefined
  #waitingSince_ms: number | undefined
  #lastInput_ms: number | undefined
  #lastFrame_ms: number | undefined
  #lastOutput_ms: number | undefined
  #frames = 0
  #asleep_ms = 0
  #lookedAt_ms = performance.now()
  #ended_ms: number | undefined
  #lostOutput = false

  constructor(
    settings: ChildSettings,
    process: LaunchedProcess,
    pid: number,
    plan: FfmpegPlan,
    onEvent: (event: FfmpegEvent) => void,
  ) {
    this.pid = pid
    this.#settings = settings
    const renditions = plan.outputs.map((output) => output.rendition)
    this.#outputs = new OutputSet(outputSockets(process), renditions, settings.quiet_ms, {
      event: onEvent,
      progress: () => this.progressed(),
      failed: (reason) => this.killFor(reason),
      ended: (rendition) => this.outputEnded(rendition),
    })
    this.#onEvent = onEvent
    this.#feed = new StdinFeed(process.stdin, {
      taken: (bytes) => onEvent({ _tag: 'Credit', bytes }),
      failed: (error) => this.#stderr.push(Buffer.from(`stdin: ${error.message}\n`)),
    })
    process.stderr.on('data', (bytes: Buffer) => this.#stderr.push(bytes))
    process.once('exit', () => this.#exited())
    this.#watchdog = setInterval(() => this.#watch(), settings.watchdogPeriod_ms)
    this.gone = new Promise((resolve) => {
      process.once('close', (code, signal) => resolve(this.#finish(code, signal)))
    })
  }

  readonly write = (bytes: Uint8Array, frames = 1): void => {
    if (this.#hasExited || bytes.length === 0) return
    if (this.#feed.queuedBytes + bytes.length > STDIN_QUEUE_BYTES_MAX) {
      this.killFor(`more than ${STDIN_QUEUE_BYTES_MAX} bytes were queued for stdin`)
      return
    }
    const now_ms = performance.now()
    this.#waitingSince_ms = waitingWithoutPause(this.#progress(), now_ms)
    this.#lastInput_ms = now_ms
    if (frames > 0) this.#lastFrame_ms = now_ms
    this.#frames += frames
    this.#feed.write(bytes)
  }

  readonly queuedBytes = (): number => this.#feed.queuedBytes

  readonly end = (): void => {
    this.#ended_ms ??= performance.now()
    this.#feed.end()
  }

  /** The group is signalled only while its leader is not reaped: afterwards the number may be someone else's. */
  readonly kill = (): void => {
    if (!this.#hasExited) killGroup(this.pid)
  }

  killFor(reason: string): void {
    this.#reason ??= reason
    this.kill()
  }

  progressed(): void {
    this.#lastOutput_ms = performance.now()
    this.#waitingSince_ms = this.#feed.queuedBytes > 0 ? this.#lastOutput_ms : undefined
    this.#frames = 0
    this.#asleep_ms = 0
  }

  /** A child that dies closes its outputs too, moments before its exit is seen; one that goes on without an output must not. */
  outputEnded(rendition: string): void {
    if (this.#ended_ms !== undefined || this.#hasExited) return
    this.#lostOutput = true
    setTimeout(() => {
      if (!this.#hasExited) this.killFor(`output ${rendition} ended before the input did`)
    }, OUTPUT_ENDED_MS)
  }

  #progress(): Progress {
    return {
      waitingSince_ms: this.#waitingSince_ms,
      lastInput_ms: this.#lastInput_ms,
      lastOutput_ms: this.#lastOutput_ms,
      queuedBytes: this.#feed.queuedBytes,
      ended_ms: this.#ended_ms,
      asleep_ms: this.#asleep_ms,
      frames: this.#frames,
    }
  }

  #watch(): void {
    const now_ms = performance.now()
    const since_ms = now_ms - this.#lookedAt_ms
    this.#lookedAt_ms = now_ms
    const mayBeLate = this.#lastOutput_ms !== undefined && now_ms - this.#lastOutput_ms >= this.#settings.watchdogPeriod_ms
    if (mayBeLate && hasWork(this.#progress(), this.#lastFrame_ms, now_ms) && isAsleep(this.pid)) {
      this.#asleep_ms = asleepFor(this.#asleep_ms, since_ms, this.#settings.watchdogPeriod_ms)
    }
    const reason = hangReason(this.#progress(), now_ms, this.#settings.watchdog)
    if (reason !== undefined) this.killFor(reason)
  }

  #exited(): void {
    this.#hasExited = true
    clearInterval(this.#watchdog)
  }

  async #finish(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    await this.#outputs.close()
    this.#onEvent({
      _tag: 'Exited',
      code,
      signal,
      complete: this.#ended_ms !== undefined && code === 0 && this.#reason === undefined && !this.#lostOutput && this.#outputs.isWhole,
      stderr: this.#stderr.text(),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    })
  }
}
