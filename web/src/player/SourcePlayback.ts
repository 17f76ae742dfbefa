import type { Accessor } from 'solid-js'
import { createPlaybackState, type PlaybackState } from './createPlaybackState.ts'
import type { Still } from './createStill.ts'
import type { EngineEvent } from './engine.ts'
import { ablePaths, engineOf } from './openEngine.ts'
import { betterPath, choosePath, freshPaths, isFailing, type Path, pathFailed, type Paths, pathPlayedWell, type Preference, type Wish } from './paths.ts'
import { playSomehow } from './playSomehow.ts'
import { probePush } from './push/probePush.ts'
import { automatic } from './quality.ts'
import { decide, opened, type SessionAction, type SessionEvent } from './session.ts'
import type { Source } from './watchState.ts'

/** Where a live picture that stood still goes on where it was, rather than catching up. */
const behind_s = 2
const playedWell_ms = 10_000

/** Plays in a video element: performs what `session.ts` decides, on the way that `paths.ts` chooses. */
export class SourcePlayback {
  readonly state: PlaybackState = createPlaybackState()
  readonly #video: HTMLVideoElement
  readonly #source: Accessor<Source | undefined>
  readonly #preference: Accessor<Preference>
  readonly #still: Still
  readonly #able: ReadonlySet<Path>
  #paths: Paths = freshPaths
  #quality = automatic
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Goes up with whatever is opened or closed: what was begun before no longer counts. */
  #generation = 0
  #isReviewing = false

  constructor(video: HTMLVideoElement, source: Accessor<Source | undefined>, preference: Accessor<Preference>, still: Still) {
    this.#video = video
    this.#source = source
    this.#preference = preference
    this.#still = still
    this.#able = ablePaths(video)
  }

  /** Leaves what it played, with all that happened to it, for another source or none. */
  begin(from: Source | undefined): void {
    this.close()
    this.#still.drop()
    this.state.setStartAt(undefined)
    this.state.setSession(opened)
    if (from !== undefined) void this.#open(from, true)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#generation++
    this.state.engine()?.close()
    this.state.setEngine(undefined)
  }

  /** Opens its source anew on the best way; stands still where it stood still. */
  reopen(): void {
    const from = this.#source()
    if (from !== undefined) void this.#open(from, this.state.engine() === undefined || !this.#video.paused)
  }

  /** Something has happened to the session. */
  tell(event: SessionEvent): void {
    const decision = decide(this.state.session(), event, performance.now())
    this.state.setSession(decision.session)
    for (const action of decision.actions) this.#perform(action)
  }

  /** Goes over to a better way where there is one again. */
  async review(): Promise<void> {
    const [current, from, { phase, playingSince_ms }] = [this.state.path(), this.#source(), this.state.session()]
    if (current === undefined || from === undefined || phase !== 'playing' || playingSince_ms === undefined) return
    if (performance.now() - playingSince_ms < playedWell_ms) return
    this.#paths = pathPlayedWell(this.#paths, current)
    const better = betterPath(this.#paths, this.#wish(), current, performance.now())
    if (better === undefined || this.#video.paused || document.hidden) return
    if (this.#isReviewing) return
    const mine = this.#generation
    this.#isReviewing = true
    const works = better !== 'push' || (await probePush(from.id))
    this.#isReviewing = false
    if (mine !== this.#generation) return
    if (works) this.reopen()
    else this.#paths = pathFailed(this.#paths, better, performance.now())
  }

  /** Plays a live stream from a wall-clock time on. */
  seekTo(at_ms: number): void {
    this.state.setStartAt(at_ms)
    const best = this.#bestPath()
    if (best === undefined) this.state.setStartAt(undefined)
    else if (best === this.state.path()) this.state.engine()?.seekTo(at_ms)
    else this.reopen()
  }

  toLiveEdge(): void {
    this.state.setStartAt(undefined)
    const from = this.#source()
    if (this.#bestPath() !== this.state.path()) return void (from && this.#open(from, true))
    this.state.engine()?.toLiveEdge()
    void this.#play()
  }

  /** The picture stands still. */
  stands(): void {
    if (this.#source()?.live) this.state.engine()?.follow(false)
  }

  /** The picture goes on after it stood still. */
  goesOn(): void {
    if (!this.#source()?.live || this.state.startAt_ms() !== undefined) return
    const { latency_s = 0, target_s = 0, shownAt_ms } = this.state.engine()?.figures() ?? {}
    if (latency_s - target_s > behind_s && shownAt_ms !== undefined) this.seekTo(shownAt_ms)
    else this.state.engine()?.follow(true)
  }

  unsilence(): void {
    this.#video.muted = false
    this.state.setSilenced(false)
  }

  chooseQuality(name: string): void {
    this.#quality = name
    this.state.engine()?.chooseQuality(name)
  }

  #wish(): Wish {
    return { isLive: this.#source()?.live ?? false, isBehind: this.state.startAt_ms() !== undefined, preference: this.#preference(), able: this.#able }
  }

  #bestPath(): Path | undefined {
    return choosePath(this.#paths, this.#wish(), performance.now())
  }

  async #open(from: Source, mayPlay: boolean): Promise<void> {
    this.#still.take()
    this.close()
    const mine = this.#generation
    const next = this.#bestPath()
    this.state.setPath(next)
    if (next === undefined) return void this.state.setUnsupported(true)
    const openEngine = await engineOf(next).catch((error: unknown) => void console.warn(error))
    if (mine !== this.#generation) return
    if (openEngine === undefined) return this.#hear('networkFailed')
    const options = { quality: this.#quality, startAt_ms: this.state.startAt_ms(), prefersSmooth: this.#preference() === 'smoothest' }
    this.state.setEngine(openEngine(this.#video, from, (event) => mine === this.#generation && this.#hear(event), options))
    if (mayPlay) await this.#play()
  }

  async #play(): Promise<void> {
    const outcome = await playSomehow(this.#video)
    if (outcome !== 'started') this.state.setSilenced(true)
    this.state.setRefused(outcome === 'refused')
  }

  #perform(action: SessionAction): void {
    switch (action.kind) {
      case 'recoverMedia':
        return this.state.engine()?.recoverMedia()
      case 'open':
        return this.reopen()
      case 'retryLater':
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.tell('retry'), action.after_ms)
    }
  }

  /** Takes another way at once where one works; where none does, the session comes back later. */
  #hear(event: EngineEvent): void {
    const [current, now_ms] = [this.state.path(), performance.now()]
    const isFailure = event === 'networkFailed' || event === 'stallsOften' || (event === 'mediaFailed' && this.state.session().attempts > 0)
    if (isFailure && current !== undefined) this.#paths = pathFailed(this.#paths, current, now_ms)
    const next = this.#bestPath()
    if (isFailure && next !== undefined && next !== current && !isFailing(this.#paths, next, now_ms)) return this.tell('pathLeft')
    if (event !== 'stallsOften') this.tell(event)
  }
}
