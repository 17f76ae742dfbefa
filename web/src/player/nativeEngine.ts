/** HLS by the browser itself, as Safari on phones does it. */
import { elementFigures, type Engine, type OpenEngine } from './engine.ts'

/** Whether the browser plays HLS without help. */
export const isNativelySupported = (video: HTMLVideoElement): boolean => video.canPlayType('application/vnd.apple.mpegurl') !== ''

const seekableEnd = ({ seekable }: HTMLVideoElement): number | undefined => (seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined)

/** Gives the address to the video element. */
export const openNative: OpenEngine = (video, source, onEvent): Engine => {
  const failed = (): void => onEvent('networkFailed')
  video.addEventListener('error', failed)
  video.src = source.url
  const toLiveEdge = (): void => {
    const end = seekableEnd(video)
    if (end !== undefined) video.currentTime = end
  }
  return {
    figures: () => {
      const end = source.live ? seekableEnd(video) : undefined
      return { ...elementFigures(video), latency_s: end === undefined ? undefined : Math.max(0, end - video.currentTime) }
    },
    toLiveEdge,
    recoverMedia: () => video.load(),
    close: () => {
      video.removeEventListener('error', failed)
      video.removeAttribute('src')
      video.load()
    },
  }
}
