/** hls.js in low-latency mode. Loaded only when it is to play. */
import Hls, { type ErrorData, Events, ErrorTypes, type HlsConfig } from 'hls.js'
import { asViewer } from '../api/viewerId.ts'
import { isOver } from './ending.ts'
import { elementFigures, type Engine, type LiveWindow, type OpenEngine } from './engine.ts'
import { dateAt, positionAt } from './hlsTimeline.ts'
import { automatic, qualityOf, type VideoRendition } from './quality.ts'
import { isStallForgotten, jumpAtStart_s, nextRate, type Rate } from './rateControl.ts'
import { SoundLoader } from './SoundLoader.ts'

/** Until the first playlist says what the server wants (PART-HOLD-BACK). */
const firstTarget_s = 0.8
/** For those who rather wait than see the picture stall. */
const smoothTarget_s = 3
/** Further behind, hls.js leaps to the live edge; not while somebody has gone back. */
const behindMost_s = { near: 4, smooth: 8 } as const
const rateCheck_ms = 250
/** Checks, from the first picture on, in which the player may jump ahead once. */
const startChecks = 12
/** With more downloaded, what is there is thrown away for another rendition; with less it is played. */
const longBuffer_s = 3

const liveConfig: Partial<HlsConfig> = {
  audioStreamController: SoundLoader,
  lowLatencyMode: true,
  liveSyncDuration: firstTarget_s,
  liveSyncOnStallIncrease: 0.2,
  backBufferLength: 30,
}
const recordingConfig: Partial<HlsConfig> = { audioStreamController: SoundLoader, lowLatencyMode: false, startPosition: 0, backBufferLength: 60 }

/** Whether the engine stays close behind the live edge; somebody may go back and return. */
interface Following {
  isOn: boolean
}

/** Moves hls.js's aim to what the playlist asks for, and back there once the stalls that moved it further are forgotten. */
const followHoldBack = (hls: Hls, video: HTMLVideoElement, least_s: number): (() => void) => {
  let aim_s = firstTarget_s
  let lastStall_ms = 0
  const stalled = (): void => void (lastStall_ms = performance.now())
  video.addEventListener('waiting', stalled)
  hls.on(Events.LEVEL_LOADED, (_, { details }) => {
    if (!details.live || details.partHoldBack <= 0) return
    const wanted_s = Math.max(least_s, details.partHoldBack)
    const isMoved = (hls.targetLatency ?? aim_s) > aim_s && isStallForgotten(lastStall_ms, performance.now())
    if (wanted_s === aim_s && !isMoved) return
    aim_s = wanted_s
    hls.targetLatency = aim_s
  })
  return () => video.removeEventListener('waiting', stalled)
}

const startRateControl = (hls: Hls, video: HTMLVideoElement, following: Following): (() => void) => {
  let rate: Rate = 1
  let checksLeft = startChecks
  const setRate = (next: Rate): void => {
    if (next === rate) return
    rate = next
    video.playbackRate = next
  }
  const timer = setInterval(() => {
    if (!following.isOn) return setRate(1)
    const target_s = hls.targetLatency
    if (target_s === null || video.paused || video.seeking || hls.latency === 0 || video.currentTime === 0) return
    const distance = { latency_s: hls.latency, target_s, buffer_s: elementFigures(video).buffer_s }
    const jump_s = checksLeft > 0 ? jumpAtStart_s(distance) : 0
    checksLeft = jump_s > 0 ? 0 : checksLeft - 1
    if (jump_s > 0) video.currentTime += jump_s
    setRate(nextRate(rate, { ...distance, latency_s: distance.latency_s - jump_s, buffer_s: distance.buffer_s - jump_s }))
  }, rateCheck_ms)
  return () => {
    clearInterval(timer)
    video.playbackRate = 1
  }
}

/** Tells of the end of a live stream where hls.js would wait for it for ever. */
const watchForEnd = (hls: Hls, video: HTMLVideoElement, onOver: () => void): (() => void) => {
  let end_s: number | undefined
  let moved = { at_s: 0, at_ms: performance.now() }
  hls.on(Events.LEVEL_UPDATED, (_, { details }) => void (end_s = details.live ? undefined : details.edge))
  const timer = setInterval(() => {
    const now_ms = performance.now()
    if (video.currentTime !== moved.at_s || video.paused) moved = { at_s: video.currentTime, at_ms: now_ms }
    if (end_s === undefined || !isOver({ rest_s: end_s - video.currentTime, still_ms: now_ms - moved.at_ms })) return
    clearInterval(timer)
    onOver()
  }, rateCheck_ms)
  return () => clearInterval(timer)
}

/** A level's name is its folder in the address of its playlist, as everywhere in the platform. */
const renditionsOf = (hls: Hls): ReadonlyArray<VideoRendition> =>
  hls.levels.map(({ url, width, height, bitrate }, index) => {
    const [first = ''] = url
    return { name: /([^/]+)\/playlist\.m3u8/.exec(first)?.[1] ?? String(index), width, height, bandwidth: bitrate }
  })

const segmentsOf = (hls: Hls) => hls.latestLevelDetails?.fragments ?? []

const windowOf = (hls: Hls): LiveWindow | undefined => {
  const segments = segmentsOf(hls)
  const [start_ms, edge] = [segments[0]?.programDateTime, hls.latestLevelDetails?.edge]
  const end_ms = edge === undefined ? undefined : dateAt(segments, edge)
  return start_ms == null || end_ms === undefined ? undefined : { start_ms, end_ms }
}

/** Plays through Media Source Extensions. */
export const openHls: OpenEngine = (video, source, onEvent, { quality, startAt_ms, prefersSmooth }): Engine => {
  const hls = new Hls(source.live ? liveConfig : recordingConfig)
  const following: Following = { isOn: true }
  let wanted = quality
  let start_ms = startAt_ms
  const follow = (follows: boolean): void => {
    following.isOn = follows
    if (!source.live) return
    hls.lowLatencyMode = follows
    hls.config.liveMaxLatencyDuration = follows ? behindMost_s[prefersSmooth ? 'smooth' : 'near'] : Number.POSITIVE_INFINITY
  }
  const seekTo = (at_ms: number): void => {
    follow(false)
    const position_s = positionAt(segmentsOf(hls), at_ms)
    if (position_s === undefined) start_ms = at_ms
    else video.currentTime = position_s
  }
  const choose = (): void => {
    const level = wanted === automatic ? -1 : renditionsOf(hls).findIndex(({ name }) => name === wanted)
    if (level === hls.loadLevel && !hls.autoLevelEnabled) return
    if (elementFigures(video).buffer_s > longBuffer_s) hls.nextLevel = level
    else hls.loadLevel = level
  }
  follow(startAt_ms === undefined)
  hls.on(Events.ERROR, (_, data: ErrorData) => {
    if (data.fatal) onEvent(data.type === ErrorTypes.MEDIA_ERROR ? 'mediaFailed' : 'networkFailed')
  })
  hls.on(Events.MANIFEST_PARSED, () => void (wanted !== automatic && choose()))
  hls.once(Events.LEVEL_UPDATED, (_, { details }) => {
    const position_s = start_ms === undefined ? undefined : positionAt(details.fragments, start_ms)
    if (position_s !== undefined) hls.startLoad(position_s)
  })
  const controls = source.live ? [followHoldBack(hls, video, prefersSmooth ? smoothTarget_s : 0), startRateControl(hls, video, following), watchForEnd(hls, video, () => onEvent('ended'))] : []
  hls.loadSource(source.live ? asViewer(source.url) : source.url)
  hls.attachMedia(video)
  return {
    figures: () => ({
      ...elementFigures(video),
      latency_s: source.live && hls.latency > 0 ? hls.latency : undefined,
      target_s: source.live ? (hls.targetLatency ?? undefined) : undefined,
      shownAt_ms: source.live && video.currentTime > 0 ? dateAt(segmentsOf(hls), video.currentTime) : undefined,
      isPublisherAway: false,
      window: source.live ? windowOf(hls) : undefined,
      quality: qualityOf(renditionsOf(hls), wanted, renditionsOf(hls)[hls.currentLevel]?.name),
    }),
    toLiveEdge: () => {
      follow(true)
      const edge = hls.liveSyncPosition
      if (edge !== null) video.currentTime = edge
    },
    seekTo,
    follow,
    chooseQuality: (name) => {
      wanted = name
      choose()
    },
    recoverMedia: () => hls.recoverMediaError(),
    close: () => {
      for (const stop of controls) stop()
      hls.destroy()
    },
  }
}
