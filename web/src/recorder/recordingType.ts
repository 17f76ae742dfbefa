/** Which kind of byte stream a browser is to record. Pure. */

/** What is recorded. */
export interface Tracks {
  readonly picture: boolean
  readonly sound: boolean
}

/**
 * H.264 first, since it is copied to viewers as it is. WebM before MP4, which Chromium hands out only at keyframes; `avc3`
 * before `avc1`, since only that may change its size.
 */
const pictures: ReadonlyArray<readonly [container: string, codec: string, sound: string]> = [
  ['video/webm', 'h264', 'opus'],
  ['video/x-matroska', 'avc1', 'opus'],
  ['video/webm', 'vp9', 'opus'],
  ['video/webm', 'vp8', 'opus'],
  ['video/mp4', 'avc3.42E01F', 'opus'],
  ['video/mp4', 'avc3.42E01F', 'mp4a.40.2'],
  ['video/mp4', 'avc1.42E01F', 'mp4a.40.2'],
]
const sounds: ReadonlyArray<string> = ['audio/webm;codecs=opus', 'audio/mp4;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/mp4']

/** Types that Millrace takes, the best first. */
export const typesFor = ({ picture, sound }: Tracks): ReadonlyArray<string> =>
  picture ? [...pictures.map(([container, codec, beside]) => `${container};codecs=${codec}${sound ? `,${beside}` : ''}`), 'video/webm', 'video/mp4'] : sounds

/**
 * The best type that the browser records, or says that it does: with each recorder that failed the next one.
 * `undefined`: it records none that Millrace takes.
 */
export const chooseType = (tracks: Tracks, isSupported: (type: string) => boolean, failures = 0): string | undefined => {
  const supported = typesFor(tracks).filter(isSupported)
  return supported[Math.min(failures, supported.length - 1)]
}
