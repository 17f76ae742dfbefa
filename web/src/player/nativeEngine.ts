/** HLS by the browser itself, as Safari on phones does it. */
import { asViewer } from '../api/viewerId.ts'
import { elementFigures, type Engine, type LiveWindow, type OpenEngine } from './engine.ts'
import { noQuality } from './quality.ts'

/** Whether the browser plays HLS without help. */
export const isNativelySupported = (video: HTMLVideoElement): boolean => video.canPlayType('application/vnd.apple.mpegurl') !== ''

/** Safari tells when its timeline began. */
type DatedVideo = HTMLVideoElement & { readonly getStartDate?: () => Date }

const beganAt = (video: DatedVideo): number | undefined => {
  const began_ms = video.getStartDate?.().getTime()
  return began_ms === undefined || Number.isNaN(began_ms) ? undefined : began_ms
}

const seekableEnd = ({ seekable }: HTMLVideoElement): number | undefined => (seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined)

const windowOf = (video: DatedVideo): LiveWindow | undefined => {
  const [began_ms, end_s] = [beganAt(video), seekableEnd(video)]
  return began_ms === undefined || end_s === undefined ? undefined : { start_ms: began_ms + video.seekable.start(0) * 1000, end_ms: began_ms + end_s * 1000 }
}

/** Gives the address to the video element, which chooses quality and distance by itself. */
export const openNative: OpenEngine = (video, source, onEvent, { startAt_ms }): Engine => {
  const failed = (): void => onEvent('networkFailed')
  const seekTo = (at_ms: number): void => {
    const began_ms = beganAt(video)
    if (began_ms !== undefined) video.currentTime = (at_ms - began_ms) / 1000
  }
  const loaded = (): void => {
    if (startAt_ms !== undefined) seekTo(startAt_ms)
  }
  video.addEventListener('error', failed)
  video.addEventListener('loadedmetadata', loaded)
  video.src = source.live ? asViewer(source.url) : source.url
  return {
    figures: () => {
      const [end_s, began_ms] = source.live ? [seekableEnd(video), beganAt(video)] : []
      return {
        ...elementFigures(video),
        latency_s: end_s === undefined ? undefined : Math.max(0, end_s - video.currentTime),
        target_s: undefined,
        shownAt_ms: began_ms === undefined ? undefined : began_ms + video.currentTime * 1000,
        isPublisherAway: false,
        window: source.live ? windowOf(video) : undefined,
        quality: noQuality,
      }
    },
    toLiveEdge: () => {
      const end_s = seekableEnd(video)
      if (end_s !== undefined) video.currentTime = end_s
    },
    seekTo,
    follow: () => undefined,
    chooseQuality: () => undefined,
    recoverMedia: () => video.load(),
    close: () => {
      video.removeEventListener('error', failed)
      video.removeEventListener('loadedmetadata', loaded)
      video.removeAttribute('src')
      video.load()
    },
  }
}
