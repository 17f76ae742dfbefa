import type { PictureBytes } from './fetchPicture.ts'
import { WIDTH_MAX } from './limits.ts'

type MediaSourceClass = typeof MediaSource

/** Phones of Apple have only the managed one. */
const mediaSourceClass = (): MediaSourceClass | undefined =>
  globalThis.MediaSource ?? (globalThis as { readonly ManagedMediaSource?: MediaSourceClass }).ManagedMediaSource

/** Whether this browser can make a picture of media of that type. */
export const canPaint = (mimeType: string): boolean => mediaSourceClass()?.isTypeSupported(mimeType) === true

const happened = (target: EventTarget, name: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    target.addEventListener(name, () => resolve(), { once: true, signal })
    target.addEventListener('error', () => reject(new Error(`No picture: an error in place of ${name}.`)), { once: true, signal })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const fill = async (source: MediaSource, mimeType: string, { init, media }: PictureBytes, signal: AbortSignal): Promise<void> => {
  await happened(source, 'sourceopen', signal)
  const buffer = source.addSourceBuffer(mimeType)
  // The picture is wanted at once, wherever on the stream's timeline it stands.
  buffer.mode = 'sequence'
  for (const bytes of [init, media]) {
    buffer.appendBuffer(bytes)
    await happened(buffer, 'updateend', signal)
  }
  source.endOfStream()
}

const paint = (video: HTMLVideoElement, canvas: HTMLCanvasElement): void => {
  const scale = Math.min(1, WIDTH_MAX / video.videoWidth)
  canvas.width = Math.round(video.videoWidth * scale)
  canvas.height = Math.round(video.videoHeight * scale)
  const drawing = canvas.getContext('2d')
  if (drawing === null) throw new Error('No picture: this browser has no canvas left.')
  drawing.drawImage(video, 0, 0, canvas.width, canvas.height)
}

/** Decodes the first picture of some media and paints it. Leaves nothing behind, also when it rejects: for what cannot be decoded, or `signal`. */
export const paintPicture = async (canvas: HTMLCanvasElement, mimeType: string, bytes: PictureBytes, signal: AbortSignal): Promise<void> => {
  const Source = mediaSourceClass()
  if (Source === undefined) throw new Error('No picture: this browser has no MediaSource.')
  const source = new Source()
  const video = document.createElement('video')
  video.muted = true
  video.disableRemotePlayback = true
  const url = URL.createObjectURL(source)
  try {
    const loaded = happened(video, 'loadeddata', signal)
    video.src = url
    await Promise.all([loaded, fill(source, mimeType, bytes, signal)])
    paint(video, canvas)
  } finally {
    URL.revokeObjectURL(url)
    video.removeAttribute('src')
    video.load()
  }
}
