import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** The last picture, kept in the place of the video while that has none. */
export interface Still {
  readonly canvas: HTMLCanvasElement
  readonly isShown: Accessor<boolean>
  /** Takes what the video shows now. */
  readonly take: () => void
  readonly drop: () => void
}

const widthMost = 1280

/** Bridges the moment in which one way of playing is left for another; goes with the next picture. */
export const createStill = (video: HTMLVideoElement): Still => {
  const canvas = document.createElement('canvas')
  const [isShown, setShown] = createSignal(false)
  const drop = (): void => void setShown(false)
  const take = (): void => {
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    const scale = Math.min(1, widthMost / video.videoWidth)
    canvas.width = Math.round(video.videoWidth * scale)
    canvas.height = Math.round(video.videoHeight * scale)
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
    setShown(true)
  }
  video.addEventListener('playing', drop)
  video.addEventListener('seeked', drop)
  onCleanup(() => {
    video.removeEventListener('playing', drop)
    video.removeEventListener('seeked', drop)
  })
  return { canvas, isShown, take, drop }
}
