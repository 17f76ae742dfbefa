import { INIT_BYTES_MAX, MEDIA_BYTES_MAX, PLAYLIST_BYTES_MAX } from './limits.ts'
import { newestPicture } from './newestPicture.ts'

/** The bytes of one picture: an init segment, and media that begins with a keyframe. */
export interface PictureBytes {
  readonly init: ArrayBuffer
  readonly media: ArrayBuffer
}

const get = async (url: string, bytes_max: number, signal: AbortSignal): Promise<ArrayBuffer> => {
  const answer = await fetch(url, { signal, priority: 'low' })
  if (!answer.ok) throw new Error(`${url} is answered with ${answer.status}.`)
  const bytes = Number(answer.headers.get('content-length'))
  if (!(bytes <= bytes_max)) {
    await answer.body?.cancel()
    throw new Error(`${url} is bigger than the ${bytes_max} bytes that a picture may take.`)
  }
  return answer.arrayBuffer()
}

/** Gets the newest picture that a live playlist lists; `undefined`: it lists none yet. Rejects when an answer is missing, refused or too big. */
export const fetchPicture = async (playlist: string, signal: AbortSignal): Promise<PictureBytes | undefined> => {
  const url = new URL(playlist, location.href)
  const files = newestPicture(new TextDecoder().decode(await get(url.href, PLAYLIST_BYTES_MAX, signal)))
  if (files === undefined) return undefined
  const [init, media] = await Promise.all([get(new URL(files.init, url).href, INIT_BYTES_MAX, signal), get(new URL(files.media, url).href, MEDIA_BYTES_MAX, signal)])
  return { init, media }
}
