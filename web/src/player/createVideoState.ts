import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** What controls show of a video element. */
export interface VideoState {
  readonly paused: boolean
  readonly muted: boolean
  /** 0…1. */
  readonly volume: number
  readonly position_s: number
  /** 0 before it is known. */
  readonly duration_s: number
}

const read = (video: HTMLVideoElement): VideoState => ({
  paused: video.paused,
  muted: video.muted || video.volume === 0,
  volume: video.volume,
  position_s: video.currentTime,
  duration_s: Number.isFinite(video.duration) ? video.duration : 0,
})

const changes = ['play', 'pause', 'volumechange', 'timeupdate', 'durationchange', 'seeking', 'emptied'] as const

/** The state of a video element as it changes. */
export const createVideoState = (video: HTMLVideoElement): Accessor<VideoState> => {
  const [state, setState] = createSignal(read(video))
  const update = (): void => void setState(read(video))
  for (const change of changes) video.addEventListener(change, update)
  onCleanup(() => {
    for (const change of changes) video.removeEventListener(change, update)
  })
  return state
}
