import { SOURCE_AUDIO_BACK_MS_MAX, SOURCE_REORDER_MS_MAX, SOURCE_STALL_SECONDS_MAX, SOURCE_TIME_SECONDS_MAX } from '../limits.ts'
import type { SourceFact, VideoCodec } from './sourceFacts.ts'

/** Ticks in a second of all times that leave the index. */
export const PTS_PER_SECOND = 90_000

/** Turns ticks of a source's time base into 90 kHz ticks. */
export const toPts = (ticks: number, ticksPerSecond: number): number => Math.round((ticks / ticksPerSecond) * PTS_PER_SECOND)

/** Whether a time is one that the index counts with. */
export const isReasonableTime = (ticks: number, ticksPerSecond: number): boolean =>
  Math.abs(ticks / ticksPerSecond) <= SOURCE_TIME_SECONDS_MAX

/** The latest presentation time seen of each track since its last jump. */
export interface Timeline {
  readonly video?: number
  readonly audio?: number
}

/** How far the times of a track may go back, in 90 kHz ticks. Only H.264 stores frames out of order. */
const backMax = (track: 'video' | 'audio', codec: VideoCodec | undefined): number => {
  if (track === 'audio') return (SOURCE_AUDIO_BACK_MS_MAX * PTS_PER_SECOND) / 1_000
  return codec === 'h264' ? (SOURCE_REORDER_MS_MAX * PTS_PER_SECOND) / 1_000 : 0
}

/** Follows one frame of a track; adds a `Jump` to `facts` when its time goes back or leaps ahead beyond the limits. */
export const follow = (
  timeline: Timeline,
  track: 'video' | 'audio',
  codec: VideoCodec | undefined,
  pts: number,
  facts: Array<SourceFact>,
): Timeline => {
  const previous = timeline[track]
  if (previous === undefined) return { ...timeline, [track]: pts }
  const jumped = pts < previous - backMax(track, codec) || pts > previous + SOURCE_STALL_SECONDS_MAX * PTS_PER_SECOND
  if (jumped) facts.push({ _tag: 'Jump', track, pts, previous })
  return pts > previous || jumped ? { ...timeline, [track]: pts } : timeline
}
