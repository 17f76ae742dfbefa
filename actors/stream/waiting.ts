import { WAITING_CHUNKS_MAX } from './limits.ts'

/** A frame of the source. */
export interface Begun {
  /** When the chunk in which it begins was stored: wall clock of the log, ms since 1970. */
  readonly stored_ms: number
  /** When it is shown, 90 kHz ticks on the timeline. */
  readonly at: number
}

/** What FFmpeg was given and is not in the log yet, oldest first. */
export interface Waiting {
  /** The newest frames, which FFmpeg may keep until more comes. */
  readonly held: ReadonlyArray<Begun>
  /** Those that it has to give out; the newest of each chunk. */
  readonly due: ReadonlyArray<Begun>
}

export const NOTHING_WAITS: Waiting = { held: [], due: [] }

/** How FFmpeg keeps frames: so many of the newest; where fragments begin with a list of their frames, also those that may not be whole yet. */
export interface Keeps {
  readonly frames: number
  readonly fragments: boolean
}

/** FFmpeg is given another frame. */
export const withBegun = (waiting: Waiting, frame: Begun, keeps: Keeps, max = WAITING_CHUNKS_MAX): Waiting => {
  const all = [...waiting.held, frame]
  const whole = keeps.fragments ? all.findIndex(({ stored_ms }) => stored_ms === frame.stored_ms) : all.length
  const count = Math.max(0, whole - keeps.frames)
  return { held: all.slice(count), due: all.slice(0, count).reduce((due, next) => withDue(due, next, max), waiting.due) }
}

/** Of very many chunks the newest count as one: how long the oldest has waited stays true. */
const withDue = (due: Waiting['due'], next: Begun, max: number): Waiting['due'] => {
  const last = due.at(-1)
  const together = last !== undefined && (last.stored_ms === next.stored_ms || due.length >= max)
  return together ? [...due.slice(0, -1), { ...last, at: Math.max(last.at, next.at) }] : [...due, next]
}

/** Media up to `published` (90 kHz ticks) is in the log; `oldest` is the oldest frame that no longer waits for that. */
export const withPublished = ({ held, due }: Waiting, published: number): { readonly waiting: Waiting; readonly oldest: Begun | undefined } => {
  const left = due.findIndex(({ at }) => at > published)
  const count = left < 0 ? due.length : left
  const oldest = count > 0 ? due[0] : held.find(({ at }) => at <= published)
  return { waiting: oldest === undefined ? { held, due } : { held: held.filter(({ at }) => at > published), due: due.slice(count) }, oldest }
}
