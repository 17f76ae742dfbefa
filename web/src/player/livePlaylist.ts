/** How far back a live playlist reaches. Pure. */
import type { LiveWindow } from './engine.ts'

/** The first playlist that a multivariant playlist names; `undefined`: it names none. */
export const firstPlaylist = (multivariant: string): string | undefined => multivariant.split('\n').find((line) => line !== '' && !line.startsWith('#'))?.trim()

const datePattern = /^#EXT-X-PROGRAM-DATE-TIME:(.+)$/m
const durationPattern = /^#EXTINF:([\d.]+)/gm

/** What a media playlist holds in wall-clock time; `undefined`: it has no dates. */
export const windowIn = (playlist: string): LiveWindow | undefined => {
  const start_ms = Date.parse(datePattern.exec(playlist)?.[1] ?? '')
  if (Number.isNaN(start_ms)) return undefined
  const length_s = [...playlist.matchAll(durationPattern)].reduce((sum, [, duration]) => sum + (Number(duration) || 0), 0)
  return { start_ms, end_ms: start_ms + length_s * 1000 }
}
