import { Result } from 'effect'
import { LadderInvalid } from './errors.ts'
import { SOURCE_RENDITION } from './plan.ts'
import type { EncodeVideo, OutputPlan } from './plan.ts'

/** Rungs by their short side in pixels, with their bit rate. */
export const BITRATE_KBPS: ReadonlyMap<number, number> = new Map([
  [144, 200],
  [240, 400],
  [360, 700],
  [480, 1_000],
  [720, 2_500],
  [1080, 5_000],
  [1440, 9_000],
  [2160, 16_000],
])

/** Size of the source picture in pixels. */
export interface SourceSize {
  readonly width: number
  readonly height: number
}

/** Short sides of a ladder's rungs, greatest first. */
export type Ladder = ReadonlyArray<number>

/**
 * Reads a ladder such as `720p,480p,240p` (spaces around names are fine; empty means no rungs). Fails with
 * `LadderInvalid` for a rung that `BITRATE_KBPS` does not have, or one that stands there twice.
 */
export const parseLadder = (text: string): Result.Result<Ladder, LadderInvalid> => {
  const names = text.trim() === '' ? [] : text.split(',').map((name) => name.trim())
  const rungs: Array<number> = []
  for (const name of names) {
    const rung = /^[1-9][0-9]{2,3}p$/.test(name) ? Number(name.slice(0, -1)) : Number.NaN
    if (!BITRATE_KBPS.has(rung)) {
      const known = [...BITRATE_KBPS.keys()].map((height) => `${height}p`).join(', ')
      return Result.fail(new LadderInvalid({ ladder: text, message: `rung "${name}" is not one of ${known}` }))
    }
    if (rungs.includes(rung)) {
      return Result.fail(new LadderInvalid({ ladder: text, message: `rung ${name} stands there twice` }))
    }
    rungs.push(rung)
  }
  return Result.succeed(rungs.sort((a, b) => b - a))
}

/**
 * Video outputs of a stream: `source` (copied, or encoded at its own size) and the rungs below it, each in the shape of
 * the source with even sides. A rung counts the short side, so a portrait source becomes 480×854 at `480p`. A rung that
 * has viewers already keeps the size that `kept` says, whatever becomes of the source: they know no other.
 */
export const videoOutputs = (ladder: Ladder, source: SourceSize, copy: boolean, kept: (rendition: string) => SourceSize | undefined = () => undefined): ReadonlyArray<OutputPlan> => {
  const short = Math.min(source.width, source.height)
  const original: OutputPlan = copy
    ? { _tag: 'CopyVideo', rendition: SOURCE_RENDITION }
    : {
        _tag: 'EncodeVideo',
        rendition: SOURCE_RENDITION,
        width: evenAtMost(source.width),
        height: evenAtMost(source.height),
        bitrate_kbps: bitrateOf(short),
      }
  const rungs = ladder.filter((rung) => rung < short || kept(`${rung}p`) !== undefined).map((rung) => rungOutput(rung, source, short))
  return [original, ...rungs.map((output) => ({ ...output, ...kept(output.rendition) }))]
}

const rungOutput = (rung: number, source: SourceSize, short: number): EncodeVideo => ({
  _tag: 'EncodeVideo',
  rendition: `${rung}p`,
  width: source.width === short ? rung : evenNear((source.width * rung) / short),
  height: source.height === short ? rung : evenNear((source.height * rung) / short),
  bitrate_kbps: bitrateOf(rung),
})

/** Bit rate of a picture: that of the smallest rung not below its short side, or of the greatest. */
export const bitrateOf = (short: number): number => {
  let bitrate_kbps = 0
  for (const [rung, rung_kbps] of BITRATE_KBPS) {
    bitrate_kbps = rung_kbps
    if (rung >= short) break
  }
  return bitrate_kbps
}

const evenAtMost = (pixels: number): number => Math.max(2, Math.floor(pixels / 2) * 2)

const evenNear = (pixels: number): number => Math.max(2, Math.round(pixels / 2) * 2)
