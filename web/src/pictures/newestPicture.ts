/** Where the newest picture of a stream is, from its media playlist (RFC 8216bis). Pure. */
import type { Stream } from '../api/stream.ts'

/** Two files that give a picture together, as the playlist names them. */
export interface PictureFiles {
  readonly init: string
  /** Begins with a keyframe. */
  readonly media: string
}

/** A live playlist of pictures, and how to decode them. */
export interface PictureSource {
  readonly playlist: string
  readonly mimeType: string
}

/** The smallest video of a stream; `undefined`: it has none now. Asking for it makes nobody a viewer. */
export const pictureSource = ({ id, status, isPublishing, renditions }: Stream): PictureSource | undefined => {
  const [smallest] = renditions.filter(({ width, height }) => width > 0 && height > 0).sort((one, other) => one.width * one.height - other.width * other.height)
  if (status !== 'live' || !isPublishing || smallest === undefined) return undefined
  return { playlist: `/live/${id}/${smallest.name}/playlist.m3u8?viewer=none`, mimeType: `video/mp4; codecs="${smallest.codec}"` }
}

const attribute = (line: string, name: string): string | undefined => new RegExp(`[:,]${name}="?([^",]*)`).exec(line)?.[1]

/** The newest part that begins with a keyframe; where none is listed, the newest whole segment. `undefined`: there is no picture yet. */
export const newestPicture = (playlist: string): PictureFiles | undefined => {
  let init: string | undefined
  let part: PictureFiles | undefined
  let segment: PictureFiles | undefined
  let isGap = false
  for (const line of playlist.split(/\r?\n/)) {
    if (line.startsWith('#EXT-X-MAP:')) init = attribute(line, 'URI')
    else if (line.startsWith('#EXT-X-PART:')) {
      const media = attribute(line, 'URI')
      const isUsable = attribute(line, 'INDEPENDENT') === 'YES' && attribute(line, 'GAP') !== 'YES'
      if (isUsable && init !== undefined && media !== undefined) part = { init, media }
    } else if (line.startsWith('#EXT-X-GAP')) isGap = true
    else if (line !== '' && !line.startsWith('#')) {
      if (!isGap && init !== undefined) segment = { init, media: line }
      isGap = false
    }
  }
  return part ?? segment
}
