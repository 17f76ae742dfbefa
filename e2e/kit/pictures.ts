/** The part of the measurement that runs inside a browser page: it reads the label of every presented picture. */
import type { Label } from './label.ts'

/** What is used of a page's `<video>`; the DOM's own types would reach into all code that runs on Node. */
interface PageVideo {
  readonly videoWidth: number
  readonly addEventListener: (name: string, listener: () => void) => void
  readonly requestVideoFrameCallback: (look: (now_ms: number, frame: { readonly expectedDisplayTime: number }) => void) => void
}
interface PageDrawing {
  readonly drawImage: (video: PageVideo, ...at: ReadonlyArray<number>) => void
  readonly getImageData: (x: number, y: number, width: number, height: number) => { readonly data: ArrayLike<number> }
}
declare const document: { readonly querySelector: (selector: string) => PageVideo | null }
declare const requestAnimationFrame: (next: () => void) => void
declare const OffscreenCanvas: new (width: number, height: number) => {
  readonly getContext: (kind: '2d', options: { readonly willReadFrequently: boolean }) => PageDrawing | null
}

/** So many new pictures in a row are a moving picture. */
export const moving = 8

/** A picture as it was presented. */
export interface ShownPicture {
  /** When it was presented, ms since 1970. */
  readonly shown_ms: number
  /** When it was taken, by its own label. */
  readonly taken_ms: number
  readonly frame: number
}

/** What the page has seen since it was asked last. */
export interface PictureReport {
  readonly pictures: ReadonlyArray<ShownPicture>
  readonly unreadable: number
  /** Events of the video element and of the player, by name. */
  readonly notes: ReadonlyArray<string>
}

/**
 * Watches the page's first video element, whenever it appears. Its source text is sent to the page, so that it may use
 * nothing but its arguments and what a page has.
 */
export const watchPictures = (
  readLabel: (samples: ArrayLike<number>, stride: number) => Label | undefined,
  strip: { readonly width: number; readonly height: number },
): void => {
  let pictures: Array<ShownPicture> = []
  let notes: Array<string> = []
  let unreadable = 0
  const watch = (video: PageVideo): void => {
    const drawing = new OffscreenCanvas(strip.width, strip.height).getContext('2d', { willReadFrequently: true })
    if (drawing === null) throw new Error('the page cannot draw')
    for (const name of ['waiting', 'playing', 'pause', 'ended', 'error']) video.addEventListener(name, () => notes.push(name))
    const look = (_now_ms: number, { expectedDisplayTime }: { readonly expectedDisplayTime: number }): void => {
      video.requestVideoFrameCallback(look)
      const side = Math.floor(video.videoWidth / 32)
      drawing.drawImage(video, 0, 0, side * 32, side * 3, 0, 0, strip.width, strip.height)
      const label = readLabel(drawing.getImageData(0, 0, strip.width, strip.height).data, 4)
      const shown_ms = performance.timeOrigin + Math.max(expectedDisplayTime, performance.now())
      if (label === undefined) unreadable++
      else pictures.push({ shown_ms, taken_ms: label.clock_ms, frame: label.frame })
    }
    video.requestVideoFrameCallback(look)
  }
  const find = (): void => {
    const video = document.querySelector('video')
    if (video === null) requestAnimationFrame(find)
    else watch(video)
  }
  find()
  const take = (): PictureReport => {
    const report = { pictures, unreadable, notes }
    pictures = []
    notes = []
    unreadable = 0
    return report
  }
  Object.assign(globalThis, { millracePictures: { take, note: (text: string) => notes.push(text) } })
}
