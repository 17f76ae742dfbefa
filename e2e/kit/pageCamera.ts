/** A camera of a page's own: what it films are labelled pictures, so that viewers can tell how old each is. */
import { type Label, labelWriterSource } from './label.ts'

/** What is used of a page; the DOM's own types would reach into all code that runs on Node. */
interface Drawing {
  fillStyle: string
  readonly fillRect: (x: number, y: number, width: number, height: number) => void
}
interface Media {
  readonly addTrack: (track: unknown) => void
  readonly getVideoTracks: () => ReadonlyArray<unknown>
}
declare const document: {
  readonly createElement: (kind: 'canvas') => { width: number; height: number; readonly getContext: (kind: '2d') => Drawing | null; readonly captureStream: (fps: number) => Media }
}
declare const navigator: { readonly mediaDevices: { getUserMedia: (wanted: { readonly video?: unknown; readonly audio?: unknown }) => Promise<Media> } }

/** A page camera's size and pace. */
export interface PageCamera {
  readonly width: number
  readonly height: number
  readonly fps: number
}

/** Takes the place of a page's camera; the microphone stays the browser's own. Its source text is sent to the page. */
const film = (encodeLabel: (label: Label) => Uint8Array, { width, height, fps }: PageCamera): void => {
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const drawing = canvas.getContext('2d')
  if (drawing === null) throw new Error('the page cannot draw')
  const side = Math.floor(width / 32)
  let frame = 0
  const paint = (): void => {
    drawing.fillStyle = `hsl(${frame % 360} 40% 40%)`
    drawing.fillRect(0, 0, width, height)
    drawing.fillStyle = '#fff'
    drawing.fillRect((frame * 4) % width, height / 2, side * 2, side * 2)
    const label = encodeLabel({ clock_ms: Math.round(performance.timeOrigin + performance.now()), frame })
    for (let bit = 0; bit < 96; bit++) {
      drawing.fillStyle = ((label[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1 ? '#fff' : '#000'
      drawing.fillRect((bit % 32) * side, Math.floor(bit / 32) * side, side, side)
    }
    frame++
  }
  paint()
  setInterval(paint, 1000 / fps)
  const { mediaDevices } = navigator
  const real = mediaDevices.getUserMedia.bind(mediaDevices)
  mediaDevices.getUserMedia = async (wanted) => {
    if (wanted.video === undefined || wanted.video === false) return real(wanted)
    const filmed = canvas.captureStream(fps)
    if (wanted.audio === undefined || wanted.audio === false) return filmed
    const media = await real({ audio: wanted.audio })
    for (const track of filmed.getVideoTracks()) media.addTrack(track)
    return media
  }
}

/** What a page needs to film labelled pictures: to be run before anything of the page does. */
export const pageCameraScript = (camera: PageCamera): string => `(() => {\n${labelWriterSource}\n(${film.toString()})(encodeLabel, ${JSON.stringify(camera)})\n})()`
