/** Plays fragments as the edge sends them, close behind the newest one. */
import { elementFigures, type Engine, type EngineEvent, type Figures, type OpenEngine } from '../engine.ts'
import { qualityOf } from '../quality.ts'
import { canBuffer, rangesOf } from './mediaBuffers.ts'
import { timeAt } from './pictureClock.ts'
import { aheadOf, beyondHole, isResting, joinAt, type PushView, starvedTrack, trimBefore } from './pushPosition.ts'
import { adaptRate, beginRate, lowestTargets_s, raiseTarget } from './pushRate.ts'
import { PushRun } from './PushRun.ts'
import { noTrouble, troubled } from './trouble.ts'
import type { TrackKind } from './watchMessage.ts'

const look_ms = 50
/** What is there when a viewer joins comes within this. */
const joinAfter_ms = 80
/** A picture that begins further behind than that leaps once. */
const lateStart_s = 0.25
/** A track that has nothing for so long while the other goes on has ended. */
const starvedFor_ms = 1_500
/** A picture that stood still for longer did so for want of a publisher or a network, not of a buffer. */
const stallMost_ms = 4_000
const stallsMost = 4
/** While decoders begin, also behind a seek, pictures stand still for other reasons than what is ahead of them. */
const settlesWithin_ms = 2_000
const restartsMost = 3

/** Whether pushed fragments can be played here. */
export const canPush = (): boolean => typeof WebSocket !== 'undefined' && canBuffer()

/** Plays what `/ws/watch/{id}` sends. */
export const openPush: OpenEngine = (video, source, onEvent, { quality }): Engine => {
  const playback = new PushedPlayback(video, source.id, quality, onEvent)
  const stalled = (): void => playback.stalled()
  const goesOn = (): void => playback.goesOn()
  const timer = setInterval(() => playback.look(), look_ms)
  video.addEventListener('waiting', stalled)
  video.addEventListener('playing', goesOn)
  return {
    figures: () => playback.figures(),
    toLiveEdge: () => playback.toLiveEdge(),
    seekTo: () => undefined,
    follow: (wanted) => playback.follow(wanted),
    chooseQuality: (name) => playback.chooseQuality(name),
    recoverMedia: () => playback.restart(),
    close: () => {
      clearInterval(timer)
      video.removeEventListener('waiting', stalled)
      video.removeEventListener('playing', goesOn)
      playback.close()
    },
  }
}

/** One run after the other, and where the picture is in what they have buffered. */
class PushedPlayback {
  readonly #video: HTMLVideoElement
  readonly #id: string
  readonly #onEvent: (event: EngineEvent) => void
  #rendition: string
  #rate = beginRate(performance.now(), lowestTargets_s.withSound)
  #without: TrackKind | undefined
  #isJoined = false
  /** It has begun to play since it joined. */
  #hasPlayed = false
  /** When decoders last began anew. */
  #begun_ms = 0
  #isAtRest = false
  #hasFailed = false
  #follows = true
  #firstMedia_ms: number | undefined
  #starving: { readonly track: TrackKind; readonly since_ms: number } | undefined
  #stalledAt_ms: number | undefined
  /** It stands still for want of media, with sound, and has not leapt since. */
  #mayLeapOut = false
  #stalls = noTrouble
  #restarts = noTrouble
  #run: PushRun

  constructor(video: HTMLVideoElement, id: string, rendition: string, onEvent: (event: EngineEvent) => void) {
    this.#video = video
    this.#id = id
    this.#onEvent = onEvent
    this.#rendition = rendition
    this.#run = this.#start()
  }

  figures(): Figures {
    const seen = this.#view()
    const run = this.#run
    return {
      ...elementFigures(this.#video),
      latency_s: this.#isJoined ? (seen.ranges.at(-1)?.end_s ?? seen.position_s) - seen.position_s : undefined,
      target_s: this.#rate.target_s,
      shownAt_ms: this.#isJoined ? timeAt(run.clock, seen.position_s) : undefined,
      window: undefined,
      isPublisherAway: run.isPublisherAway,
      quality: qualityOf(run.renditions.filter(({ kind }) => kind === 'video'), this.#rendition, run.rendition),
    }
  }

  toLiveEdge(): void {
    this.#follows = true
    const to_s = joinAt(this.#view(), this.#rate.target_s)
    if (this.#isAtRest) this.restart()
    else if (to_s !== undefined) this.#seek(Math.max(to_s, this.#video.currentTime))
  }

  follow(wanted: boolean): void {
    this.#follows = wanted
  }

  chooseQuality(name: string): void {
    this.#rendition = name
    this.#run.chooseRendition(name)
  }

  restart(without?: TrackKind): void {
    this.#restarts = troubled(this.#restarts, performance.now())
    if (this.#restarts.length > restartsMost) return this.#fail('networkFailed', 'it had to begin anew too often')
    const isPlaying = !this.#video.paused
    this.#without = without
    this.#isJoined = this.#hasPlayed = this.#isAtRest = this.#hasFailed = false
    this.#firstMedia_ms = this.#starving = this.#stalledAt_ms = undefined
    this.#run.close()
    this.#run = this.#start()
    if (isPlaying) void this.#video.play().catch(console.warn)
  }

  /** To be called several times a second. */
  look(): void {
    if (this.#isAtRest || this.#hasFailed) return
    this.#run.tick()
    if (this.#hasFailed) return
    const seen = this.#view()
    if (!this.#isJoined) return this.#join(seen)
    const beyond_s = beyondHole(seen)
    if (beyond_s !== undefined) return this.#seek(beyond_s)
    const trim_s = trimBefore(seen)
    if (trim_s !== undefined) this.#run.tell({ kind: 'trim', before_s: trim_s })
    this.#isAtRest = isResting(seen)
    if (this.#isAtRest) return this.#run.stopFetching()
    if (this.#stalledAt_ms === undefined) this.#adapt(seen)
    else this.#leapOut(seen)
    this.#watchStarving(seen)
  }

  /** The picture has run out of media. */
  stalled(): void {
    if (!this.#isJoined || this.#video.seeking || this.#video.paused) return
    this.#stalledAt_ms = performance.now()
    if (this.#hasPlayed && this.#stalledAt_ms - this.#begun_ms > settlesWithin_ms) {
      this.#mayLeapOut = this.#run.hasSound
      this.#rate = raiseTarget(this.#rate, this.#stalledAt_ms)
    }
    this.#video.playbackRate = 1
  }

  /** The picture moves again. */
  goesOn(): void {
    const now_ms = performance.now()
    if (this.#isJoined && !this.#hasPlayed) this.#catchUpAtOnce()
    const isShort = this.#stalledAt_ms !== undefined && now_ms - this.#stalledAt_ms < stallMost_ms && this.#run.isLive
    this.#stalledAt_ms = undefined
    if (!isShort) return
    this.#stalls = troubled(this.#stalls, now_ms)
    if (this.#stalls.length > stallsMost) this.#onEvent('stallsOften')
  }

  close(): void {
    this.#run.close()
    this.#video.playbackRate = 1
  }

  #start(): PushRun {
    return new PushRun(this.#video, this.#id, this.#rendition, this.#without, {
      onMedia: () => (this.#isJoined ? this.#adapt(this.#view()) : void (this.#firstMedia_ms ??= performance.now())),
      onRestart: () => this.restart(),
      onFailed: (kind, reason) => this.#fail(kind, reason),
      onOver: () => this.#onEvent('ended'),
    })
  }

  #fail(kind: 'networkFailed' | 'mediaFailed', reason: string): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    console.warn(`Pushed playback: ${reason}.`)
    this.#onEvent(kind)
  }

  #view(): PushView {
    const { currentTime, paused, seeking, buffered } = this.#video
    return { position_s: currentTime, isPaused: paused, isSeeking: seeking, ranges: rangesOf(buffered), ends_s: this.#run.ends_s() }
  }

  #seek(to_s: number): void {
    this.#begun_ms = performance.now()
    this.#video.currentTime = to_s
    const { lowestTarget_s, target_s } = this.#rate
    this.#rate = beginRate(performance.now(), lowestTarget_s, target_s)
  }

  #adapt(seen: PushView): void {
    if (seen.isPaused || seen.isSeeking || !this.#follows) return
    const decision = adaptRate(this.#rate, aheadOf(seen), performance.now())
    this.#rate = decision.state
    if (decision.leap_s > 0) this.#video.currentTime = seen.position_s + decision.leap_s
    if (this.#video.playbackRate !== this.#rate.rate) this.#video.playbackRate = this.#rate.rate
  }

  #join(seen: PushView): void {
    if (!this.#run.hasSound && this.#rate.lowestTarget_s > lowestTargets_s.silent) this.#rate = beginRate(performance.now(), lowestTargets_s.silent)
    const isReady = this.#firstMedia_ms !== undefined && performance.now() - this.#firstMedia_ms >= joinAfter_ms
    const to_s = isReady ? joinAt(seen, this.#rate.target_s) : undefined
    if (to_s === undefined) return
    this.#isJoined = true
    this.#seek(to_s)
  }

  /** Decoders take a while to begin; what has come meanwhile is passed over before anybody has seen much. */
  #catchUpAtOnce(): void {
    this.#hasPlayed = true
    this.#begun_ms = performance.now()
    const seen = this.#view()
    const to_s = joinAt(seen, this.#rate.target_s)
    if (to_s !== undefined && to_s - seen.position_s > lateStart_s) this.#seek(to_s)
  }

  /** After each stall Chromium waits for more sound than after the one before, unless somebody seeks. */
  #leapOut(seen: PushView): void {
    const { target_s } = this.#rate
    const to_s = joinAt(seen, target_s)
    if (!this.#mayLeapOut || !this.#follows || seen.isPaused || to_s === undefined || aheadOf(seen) < target_s) return
    this.#mayLeapOut = false
    this.#seek(Math.max(to_s, seen.position_s))
  }

  #watchStarving(seen: PushView): void {
    const track = this.#run.isLive && !seen.isPaused ? starvedTrack(seen) : undefined
    const now_ms = performance.now()
    if (track === undefined) this.#starving = undefined
    else if (this.#starving?.track !== track) this.#starving = { track, since_ms: now_ms }
    else if (now_ms - this.#starving.since_ms > starvedFor_ms) this.restart(track)
  }
}
