/** Seconds as playlists write them, five decimals; the same number always gives the same text. */
export const seconds = (ticks: number, timescale: number): string => (ticks / timescale).toFixed(5)

/** Microseconds as seconds, rounded up in the fifth decimal, so that no rounded duration exceeds a rounded target. */
export const targetSeconds = (microseconds: number): number => Math.ceil(microseconds / 10) / 100_000

/** Wall clock (ms since 1970) as EXT-X-PROGRAM-DATE-TIME writes it, to the millisecond. */
export const dateTime = (ms: number): string => new Date(Math.round(ms)).toISOString()

/** Joins lines into a playlist, each one ended. */
export const playlistOf = (lines: ReadonlyArray<string>): string => `${lines.join('\n')}\n`
