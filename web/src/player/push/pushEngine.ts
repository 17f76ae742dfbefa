/** Plays fragments as the edge sends them, close behind the newest one. */
import { elementFigures, type Engine, type OpenEngine } from '../engine.ts'
import { qualityOf } from '../quality.ts'
import { canBuffer, rangesOf } from './mediaBuffers.ts'
import { timeAt } from './pictureClock.ts'
import { aheadOf, beyondHole, isResting, joinAt, type PushView, starvedTrack, trimBefore } from './pushPosition.ts'
import { adaptRate, beginRate, raiseTarget } from './pushRate.ts'
import { type PushRun, startRun } from './pushRun.ts'
import { noTrouble, troubled } from './trouble.ts'
import type { TrackKind } from './watchMessage.ts'

const look_ms = 50
/** What is there when a viewer joins comes within this. */
const joinAfter_ms = 80
/** A track that has nothing for so long while the other goes on has ended. */
const starvedFor_ms = 1_500
/** A picture that stood still for longer did so for want of a publisher or a network, not of a buffer. */
const stallMost_ms = 4_000
const stallsMost = 4
const restartsMost = 3

/** Whether pushed fragments can be played here. */
export const canPush = (): boolean => typeof WebSocket !== 'undefined' && canBuffer()

/** Plays what `/ws/watch/{id}` sends. */
export const openPush: OpenEngine = (video, source, onEvent, { quality }): Engine => {
  let rendition = quality
  let rate = beginRate(performance.now())
  let without: TrackKind | undefined
  let isJoined = false
  let isAtRest = false
  let hasFailed = false
  let follows = true
  let firstMedia_ms: number | undefined
  let starving: { readonly track: TrackKind; readonly since_ms: number } | undefined
  let stalledAt_ms: number | undefined
  let [stalls, restarts] = [noTrouble, noTrouble]

  const fail = (kind: 'networkFailed' | 'mediaFailed', reason: string): void => {
    if (hasFailed) return
    hasFailed = true
    console.warn(`Pushed playback: ${reason}.`)
    onEvent(kind)
  }
  const start = (): PushRun =>
    startRun(video, source.id, rendition, without, {
      onMedia: () => (isJoined ? adapt(view()) : void (firstMedia_ms ??= performance.now())),
      onRestart: () => restart(),
      onFailed: fail,
      onOver: () => onEvent('ended'),
    })
  const restart = (leaveOut?: TrackKind): void => {
    restarts = troubled(restarts, performance.now())
    if (restarts.length > restartsMost) return fail('networkFailed', 'it had to begin anew too often')
    const isPlaying = !video.paused
    without = leaveOut
    isJoined = isAtRest = hasFailed = false
    firstMedia_ms = starving = stalledAt_ms = undefined
    run.close()
    run = start()
    if (isPlaying) void video.play().catch(console.warn)
  }
  const view = (): PushView => ({
    position_s: video.currentTime,
    isPaused: video.paused,
    isSeeking: video.seeking,
    ranges: rangesOf(video.buffered),
    ends_s: run.ends_s(),
  })
  const seek = (to_s: number): void => {
    video.currentTime = to_s
    rate = beginRate(performance.now(), rate.target_s)
  }
  const adapt = (seen: PushView): void => {
    if (seen.isPaused || seen.isSeeking || !follows) return
    const decision = adaptRate(rate, aheadOf(seen), performance.now())
    rate = decision.state
    if (decision.leap_s > 0) video.currentTime = seen.position_s + decision.leap_s
    if (video.playbackRate !== rate.rate) video.playbackRate = rate.rate
  }
  const join = (seen: PushView): void => {
    const to_s = firstMedia_ms === undefined || performance.now() - firstMedia_ms < joinAfter_ms ? undefined : joinAt(seen, rate.target_s)
    if (to_s === undefined) return
    isJoined = true
    seek(to_s)
  }
  const watchStarving = (seen: PushView): void => {
    const track = run.isLive() && !seen.isPaused ? starvedTrack(seen) : undefined
    const now_ms = performance.now()
    if (track === undefined) starving = undefined
    else if (starving?.track !== track) starving = { track, since_ms: now_ms }
    else if (now_ms - starving.since_ms > starvedFor_ms) restart(track)
  }
  const look = (): void => {
    if (isAtRest || hasFailed) return
    run.tick()
    if (hasFailed) return
    const seen = view()
    if (!isJoined) return join(seen)
    const beyond_s = beyondHole(seen)
    if (beyond_s !== undefined) return seek(beyond_s)
    const trim_s = trimBefore(seen)
    if (trim_s !== undefined) run.tell({ kind: 'trim', before_s: trim_s })
    isAtRest = isResting(seen)
    if (isAtRest) return run.stopFetching()
    adapt(seen)
    watchStarving(seen)
  }
  const stalled = (): void => {
    if (!isJoined || video.seeking || video.paused) return
    stalledAt_ms = performance.now()
    rate = raiseTarget(rate, stalledAt_ms)
    video.playbackRate = 1
  }
  const goesOn = (): void => {
    const now_ms = performance.now()
    const isShort = stalledAt_ms !== undefined && now_ms - stalledAt_ms < stallMost_ms && run.isLive()
    stalledAt_ms = undefined
    if (!isShort) return
    stalls = troubled(stalls, now_ms)
    if (stalls.length > stallsMost) onEvent('stallsOften')
  }
  let run = start()
  const timer = setInterval(look, look_ms)
  video.addEventListener('waiting', stalled)
  video.addEventListener('playing', goesOn)
  return {
    figures: () => {
      const seen = view()
      const shownAt_ms = isJoined ? timeAt(run.clock(), seen.position_s) : undefined
      return {
        ...elementFigures(video),
        latency_s: isJoined ? (seen.ranges.at(-1)?.end_s ?? seen.position_s) - seen.position_s : undefined,
        target_s: rate.target_s,
        shownAt_ms,
        window: undefined,
        isPublisherAway: run.isPublisherAway(),
        quality: qualityOf(run.renditions().filter(({ kind }) => kind === 'video'), rendition, run.rendition()),
      }
    },
    toLiveEdge: () => {
      follows = true
      const to_s = joinAt(view(), rate.target_s)
      if (isAtRest) restart()
      else if (to_s !== undefined) seek(Math.max(to_s, video.currentTime))
    },
    seekTo: () => undefined,
    follow: (wanted) => void (follows = wanted),
    chooseQuality: (name) => {
      rendition = name
      run.chooseRendition(name)
    },
    recoverMedia: () => restart(),
    close: () => {
      clearInterval(timer)
      video.removeEventListener('waiting', stalled)
      video.removeEventListener('playing', goesOn)
      run.close()
      video.playbackRate = 1
    },
  }
}
