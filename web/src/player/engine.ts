import type { Quality } from './quality.ts'
import type { SessionEvent } from './session.ts'
import type { Source } from './watchState.ts'

/** A stretch of wall-clock time, ms since 1970. */
export interface LiveWindow {
  readonly start_ms: number
  readonly end_ms: number
}

/** Figures of a playback, for people and for the controls. */
export interface Figures {
  /** Behind the live edge; `undefined` where that has no meaning or is not known yet. */
  readonly latency_s: number | undefined
  /** Where a live picture should be behind the edge. */
  readonly target_s: number | undefined
  /** Wall-clock time of the picture shown, ms since 1970; `undefined` where the stream does not tell. */
  readonly shownAt_ms: number | undefined
  /** What of a live stream can be gone back to on this path. */
  readonly window: LiveWindow | undefined
  readonly quality: Quality
  /** The way it plays by says so; others leave it to events. */
  readonly isPublisherAway: boolean
  /** Downloaded ahead of the picture. */
  readonly buffer_s: number
  readonly rate: number
  /** Size of the decoded picture, 0 × 0 before the first one. */
  readonly width: number
  readonly height: number
  readonly droppedFrames: number
}

/** Something that plays one source in one video element. */
export interface Engine {
  readonly figures: () => Figures
  /** Goes to the newest picture and stays close behind it. */
  readonly toLiveEdge: () => void
  /** Plays from a wall-clock time on, without catching up. On a path that cannot go back: nothing. */
  readonly seekTo: (at_ms: number) => void
  /** Whether to stay close behind the newest picture; not while it stands still, or somebody has gone back. */
  readonly follow: (follows: boolean) => void
  /** A rendition's name, or `auto`. */
  readonly chooseQuality: (name: string) => void
  /** Decodes again after a decoding failure. */
  readonly recoverMedia: () => void
  readonly close: () => void
}

/** `stallsOften`: it plays, but worse than another way might. */
export type EngineEvent = SessionEvent | 'stallsOften'

/** How to begin. */
export interface EngineOptions {
  /** A rendition's name, or `auto`. */
  readonly quality: string
  /** Where to begin, ms since 1970; without it at the live edge, or at a recording's beginning. */
  readonly startAt_ms: number | undefined
  /** Rather some seconds behind than a picture that stalls. */
  readonly prefersSmooth: boolean
}

/** Opens a source; what happens to it is told to `onEvent` until `close`. */
export type OpenEngine = (video: HTMLVideoElement, source: Source, onEvent: (event: EngineEvent) => void, options: EngineOptions) => Engine

/** Figures that any video element gives. */
export const elementFigures = (video: HTMLVideoElement): Pick<Figures, 'buffer_s' | 'rate' | 'width' | 'height' | 'droppedFrames'> => {
  const { buffered, currentTime } = video
  let buffer_s = 0
  for (let range = 0; range < buffered.length; range++)
    if (buffered.start(range) <= currentTime + 0.1) buffer_s = Math.max(buffer_s, buffered.end(range) - currentTime)
  return {
    buffer_s,
    rate: video.playbackRate,
    width: video.videoWidth,
    height: video.videoHeight,
    droppedFrames: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
  }
}
