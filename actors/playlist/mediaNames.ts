/** What a file beside a media playlist is. `msn` is the media sequence number. */
export type MediaName =
  | { readonly _tag: 'Playlist' }
  | { readonly _tag: 'Init'; readonly number: number }
  | { readonly _tag: 'Segment'; readonly msn: number }
  | { readonly _tag: 'Part'; readonly msn: number; readonly part: number }

export const PLAYLIST_NAME = 'playlist.m3u8'
export const MULTIVARIANT_NAME = 'index.m3u8'

/** File name of an init segment; the same in live playlists and in the object store. */
export const initName = (number: number): string => `init-${number}.mp4`

/** File name of a segment; the same in live playlists and in the object store. */
export const segmentName = (msn: number): string => `segment_${String(msn).padStart(5, '0')}.m4s`

/** File name of a part; parts exist in live playlists only. */
export const partName = (msn: number, part: number): string => `part_${msn}_${part}.m4s`

const RENDITION = /^[a-z0-9-]{1,32}$/
const INIT = /^init-(0|[1-9]\d{0,8})\.mp4$/
const SEGMENT = /^segment_(\d{5,10})\.m4s$/
const PART = /^part_(0|[1-9]\d{0,9})_(0|[1-9]\d{0,8})\.m4s$/

/** Whether `text` may be the name of a rendition: in a path, an object key, a playlist. */
export const isRenditionName = (text: string): boolean => RENDITION.test(text)

/** Reads a file name; undefined when no playlist would write it so, which gives every file exactly one name. */
export const parseMediaName = (text: string): MediaName | undefined => {
  if (text === PLAYLIST_NAME) return { _tag: 'Playlist' }
  const init = INIT.exec(text)
  if (init) return { _tag: 'Init', number: Number(init[1]) }
  const segment = SEGMENT.exec(text)
  if (segment) {
    const msn = Number(segment[1])
    return segmentName(msn) === text ? { _tag: 'Segment', msn } : undefined
  }
  const part = PART.exec(text)
  return part ? { _tag: 'Part', msn: Number(part[1]), part: Number(part[2]) } : undefined
}
