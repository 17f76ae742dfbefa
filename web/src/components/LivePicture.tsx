import { createSignal } from 'solid-js'
import { pictureSource } from '../pictures/newestPicture.ts'
import type { Pictures } from '../pictures/createPictures.ts'
import type { Stream } from '../api/stream.ts'

/** A picture of a live stream that is renewed while it is in sight; invisible until there is one. Decoration only. */
export const LivePicture = (props: { readonly stream: Stream; readonly pictures: Pictures }) => {
  const [isPainted, setPainted] = createSignal(false)
  const start = (canvas: HTMLCanvasElement): void => props.pictures.keepPainted(canvas, () => pictureSource(props.stream), () => setPainted(true))
  return <canvas class="livePicture" classList={{ painted: isPainted() }} ref={start} width="16" height="9" aria-hidden="true" />
}
