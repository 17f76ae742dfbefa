/** hls.js in low-latency mode. Loaded only when something is to be played. */
import Hls, { type ErrorData, Events, ErrorTypes, type HlsConfig } from 'hls.js'
import { isOver } from './ending.ts'
import { elementFigures, type Engine, type OpenEngine } from './engine.ts'
import { isStallForgotten, jumpAtStart_s, nextRate, type Rate } from './rateControl.ts'
import { SoundLoader } from './SoundLoader.ts'

/** Until the first playlist says what the server wants (PART-HOLD-BACK). */
const firstTarget_s = 0.8
const rateCheck_ms = 250
/** Checks, from the first picture on, in which the player may jump ahead once. */
const startChecks = 12

const liveConfig: Partial<HlsConfig> = {
  audioStreamController: SoundLoader,
  lowLatencyMode: true,
  liveSyncDuration: firstTarget_s,
  liveSyncOnStallIncrease: 0.2,
  liveMaxLatencyDuration: 4,
  backBufferLength: 30,
}
const recordingConfig: Partial<HlsConfig> = { audioStreamController: SoundLoader, lowLatencyMode: false, startPosition: 0, backBufferLength: 60 }

/** Whether hls.js can play here. */
export const isSupported = (): boolean => Hls.isSupported()

/** Moves hls.js's aim to what the playlist asks for, and back there once the stalls that moved it further are forgotten. */
const followHoldBack = (hls: Hls, video: HTMLVideoElement): (() => void) => {
  let aim_s = firstTarget_s
  let lastStall_ms = 0
  const stalled = (): void => void (lastStall_ms = performance.now())
  video.addEventListener('waiting', stalled)
  hls.on(Events.LEVEL_LOADED, (_, { details }) => {
    if (!details.live || details.partHoldBack <= 0) return
    const isMoved = (hls.targetLatency ?? aim_s) > aim_s && isStallForgotten(lastStall_ms, performance.now())
    if (details.partHoldBack === aim_s && !isMoved) return
    aim_s = details.partHoldBack
    hls.targetLatency = aim_s
  })
  return () => video.removeEventListener('waiting', stalled)
}

const startRateControl = (hls: Hls, video: HTMLVideoElement): (() => void) => {
  let rate: Rate = 1
  let checksLeft = startChecks
  const timer = setInterval(() => {
    const target_s = hls.targetLatency
    if (target_s === null || video.paused || video.seeking || hls.latency === 0 || video.currentTime === 0) return
    const distance = { latency_s: hls.latency, target_s, buffer_s: elementFigures(video).buffer_s }
    const jump_s = checksLeft > 0 ? jumpAtStart_s(distance) : 0
    checksLeft = jump_s > 0 ? 0 : checksLeft - 1
    if (jump_s > 0) video.currentTime += jump_s
    const next = nextRate(rate, { ...distance, latency_s: distance.latency_s - jump_s, buffer_s: distance.buffer_s - jump_s })
    if (next === rate) return
    rate = next
    video.playbackRate = next
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

/** Plays through Media Source Extensions. */
export const openHls: OpenEngine = (video, source, onEvent): Engine => {
  const hls = new Hls(source.live ? liveConfig : recordingConfig)
  hls.on(Events.ERROR, (_, data: ErrorData) => {
    if (data.fatal) onEvent(data.type === ErrorTypes.MEDIA_ERROR ? 'mediaFailed' : 'networkFailed')
  })
  const controls = source.live ? [followHoldBack(hls, video), startRateControl(hls, video), watchForEnd(hls, video, () => onEvent('ended'))] : []
  hls.loadSource(source.url)
  hls.attachMedia(video)
  const toLiveEdge = (): void => {
    const edge = hls.liveSyncPosition
    if (edge !== null) video.currentTime = edge
  }
  return {
    figures: () => ({
      ...elementFigures(video),
      latency_s: source.live && hls.latency > 0 ? hls.latency : undefined,
      target_s: source.live ? (hls.targetLatency ?? undefined) : undefined,
    }),
    toLiveEdge,
    recoverMedia: () => hls.recoverMediaError(),
    close: () => {
      for (const stop of controls) stop()
      hls.destroy()
    },
  }
}
