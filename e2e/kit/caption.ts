/** Writing that people can read in the generated picture: its wall clock and its frame number. */
import { existsSync } from 'node:fs'

const fonts = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf',
  '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf',
  '/usr/share/fonts/truetype/liberation/LiberationMono-Bold.ttf',
  '/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf',
]

/**
 * An FFmpeg filter that writes clock (UTC) and frame number into pictures of this height; `undefined` where the machine
 * has no monospaced font, then the label's squares alone tell them.
 */
export const captionFilter = (height: number): string | undefined => {
  const font = fonts.find((path) => existsSync(path))
  if (font === undefined) return undefined
  const size = Math.round(height / 9)
  const line = (text: string, y: number, points: number): string =>
    `drawtext=fontfile=${font}:text='${text}':fontsize=${points}:fontcolor=white:shadowcolor=black@0.5:shadowx=2:shadowy=2:x=(w-tw)/2:y=${y}`
  return [
    line('%{gmtime\\:%H\\\\\\:%M\\\\\\:%S} UTC', Math.round(height * 0.42), size),
    line('frame %{n}', Math.round(height * 0.58), Math.round(size * 0.6)),
  ].join(',')
}
