import { initName, MULTIVARIANT_NAME, PLAYLIST_NAME, segmentName } from '../playlist/mediaNames.ts'

/** Keys of a recording's objects. `prefix` is its folder, with the slash. */
export const objectKeys = {
  /** Folder of a rendition, with the slash. */
  folder: (prefix: string, rendition: string): string => `${prefix}hls/${rendition}/`,
  init: (prefix: string, rendition: string, number: number): string => `${prefix}hls/${rendition}/${initName(number)}`,
  segment: (prefix: string, rendition: string, msn: number): string => `${prefix}hls/${rendition}/${segmentName(msn)}`,
  playlist: (prefix: string, rendition: string): string => `${prefix}hls/${rendition}/${PLAYLIST_NAME}`,
  index: (prefix: string): string => `${prefix}hls/${MULTIVARIANT_NAME}`,
  poster: (prefix: string): string => `${prefix}poster.jpg`
}
