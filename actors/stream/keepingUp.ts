import { TrackKind, type Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { ActorFigures, Clocks } from '../../runtime/actorFigures.ts'
import { AUDIO_FRAMES_HELD, LATENCY_WEIGHT, VIDEO_FRAMES_HELD } from './limits.ts'
import type { StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'
import { withBegun, withPublished } from './waiting.ts'

const TICKS_PER_MS = 90
const TICKS_PER_SECOND = 90_000

/** Up to where the source is in the log, in all renditions of the picture, or of sound where there is nothing else; 90 kHz ticks. */
const publishedTo = (stored: Checkpoint | undefined, audioOnly: boolean): number => {
  const kind = audioOnly ? TrackKind.AUDIO : TrackKind.VIDEO
  const times = (stored?.renditions ?? []).filter((rendition) => rendition.kind === kind).map(({ lastPts, nextDts, timescale }) => (Number(audioOnly ? nextDts : lastPts) * TICKS_PER_SECOND) / timescale)
  // Sources count in their own ticks.
  return times.length === 0 ? -1 : Math.min(...times) + (audioOnly ? 0 : TICKS_PER_MS)
}

/** A frame of what is fed has begun: `at` on the timeline. What an earlier owner has published waits for nothing. */
export const noteBegun = (turn: Turn, at: number): void => {
  const { run, source, stored } = turn.state
  if (run === undefined || source === undefined || at <= publishedTo(stored, run.audioOnly)) return
  const keeps = { frames: run.audioOnly ? AUDIO_FRAMES_HELD : VIDEO_FRAMES_HELD, fragments: source.container === 'mp4' }
  turn.setRun({ waiting: withBegun(run.waiting, { stored_ms: source.storedAt_ms, at }, keeps) })
}

/** A record is in the log. */
export const noteStored = (turn: Turn): void => {
  const { run, stored, storedLater_ms } = turn.state
  if (run === undefined) return
  const { waiting, oldest } = withPublished(run.waiting, publishedTo(stored, run.audioOnly))
  if (oldest === undefined) return
  turn.setRun({ waiting })
  const later_ms = turn.now_ms - oldest.stored_ms
  turn.set({ storedLater_ms: storedLater_ms === undefined ? later_ms : storedLater_ms + (later_ms - storedLater_ms) * LATENCY_WEIGHT })
}

/** How far media is behind the chunks, as everyone may see it. */
export const keepingUp = ({ run, source, frames, items, backlog, storedLater_ms }: StreamState, { now_ms, wall_ms }: Clocks): ActorFigures => {
  const reading = frames.length + items.length > 0 ? source?.storedAt_ms : undefined
  const oldest_ms = [run?.waiting.due[0]?.stored_ms, reading, backlog[0]?.time_ms].filter((stored_ms) => stored_ms !== undefined)
  const since = (stored_ms: number): number => Math.max(0, Math.round(wall_ms - stored_ms))
  return {
    lagMs: oldest_ms.length === 0 ? 0 : since(Math.min(...oldest_ms)),
    ...(storedLater_ms === undefined ? {} : { latencyMs: since(now_ms - storedLater_ms) })
  }
}
