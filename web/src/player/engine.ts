import type { SessionEvent } from './session.ts'
import type { Source } from './watchState.ts'

/** Figures of a playback, for people and for the live-edge button. */
export interface Figures {
  /** Behind the live edge; `undefined` where that has no meaning or is not known yet. */
  readonly latency_s: number | undefined
  /** Where a live picture should be behind the edge. */
  readonly target_s: number | undefined
  /** Downloaded ahead of the picture. */
  readonly buffer_s: number
  /** Size of the decoded picture, 0 × 0 before the first one. */
  readonly width: number
  readonly height: number
  readonly droppedFrames: number
}

/** Something that plays one source in one video element. */
export interface Engine {
  readonly figures: () => Figures
  readonly toLiveEdge: () => void
  /** Decodes again after a decoding failure. */
  readonly recoverMedia: () => void
  readonly close: () => void
}

/** Opens a source; what happens to it is told to `onEvent` until `close`. */
export type OpenEngine = (video: HTMLVideoElement, source: Source, onEvent: (event: SessionEvent) => void) => Engine

/** Figures that any video element gives. */
export const elementFigures = (video: HTMLVideoElement): Figures => {
  const { buffered, currentTime } = video
  let buffer_s = 0
  for (let range = 0; range < buffered.length; range++)
    if (buffered.start(range) <= currentTime + 0.1) buffer_s = Math.max(buffer_s, buffered.end(range) - currentTime)
  return {
    latency_s: undefined,
    target_s: undefined,
    buffer_s,
    width: video.videoWidth,
    height: video.videoHeight,
    droppedFrames: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
  }
}
