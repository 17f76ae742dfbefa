import type { Sample } from '../fmp4/sample.ts'
import type { Track } from '../packager/track.ts'

/** How far a run may begin before the end of the one before it, whose last frame's length was a guess. */
const OVERLAP_MS_MAX = 100

/**
 * Whether pictures that FFmpeg has just given, and that are not published yet, go back in decode time, which its muxer
 * never does: what it gives is not to be trusted. Sound is put on a grid, whatever its times, and a still has none.
 */
export const timesGoBack = (track: Track | undefined, samples: ReadonlyArray<Sample>): boolean => {
  if (track === undefined || track.init.info.kind === 'audio' || track.filler !== undefined) return false
  const ticksPerMs = track.init.info.timescale / 1_000
  const published = track.started ? track.nextDts - OVERLAP_MS_MAX * ticksPerMs : Number.NEGATIVE_INFINITY
  let last = track.pending.at(-1)?.dts ?? published
  return samples.some(({ dts }) => {
    if (dts + ticksPerMs / 2 < track.resumedAt) return false
    const back = dts < last
    last = dts
    return back
  })
}
