import { isRecord, readNumber, readText } from './json.ts'

/** How far a stream is in its life. */
export type StreamStatus = 'live' | 'ended' | 'failed' | 'archived'

/** How a stream is right now: `waiting` is live without media yet, `reconnecting` live with its publisher away. */
export type StreamState = 'waiting' | 'live' | 'reconnecting' | 'ended' | 'failed' | 'archived'

/** An encoded output of a stream. */
export interface Rendition {
  readonly name: string
  readonly codec: string
  /** 0 for audio. */
  readonly width: number
  readonly height: number
}

/** A stream as `GET /api/streams` and `GET /api/streams/{id}` show it. */
export interface Stream {
  readonly id: string
  readonly title: string
  readonly status: StreamStatus
  readonly state: StreamState
  /** Whether its publisher is heard now. */
  readonly isPublishing: boolean
  /** ISO 8601. */
  readonly startedAt: string
  /** Length of its recording, once that is complete. */
  readonly duration_ms?: number
  readonly renditions: ReadonlyArray<Rendition>
  /** Address of the live playlist. */
  readonly playlist: string
  /** Why it failed. */
  readonly reason?: string
  /** People who watch it now; absent where the server does not say. */
  readonly viewers?: number
  /** How long what its publisher has sent waits to be encoded, in ms; absent while unknown. */
  readonly lag_ms?: number
}

const isStatus = (value: unknown): value is StreamStatus => value === 'live' || value === 'ended' || value === 'failed' || value === 'archived'

const states: ReadonlyArray<unknown> = ['waiting', 'live', 'reconnecting', 'ended', 'failed', 'archived'] satisfies ReadonlyArray<StreamState>
const isState = (value: unknown): value is StreamState => states.includes(value)

/** A title of spaces and what else nobody sees names nothing. */
const readTitle = (value: unknown): string => {
  const title = readText(value).trim()
  return /^[\p{Default_Ignorable_Code_Point}\p{White_Space}]*$/u.test(title) ? 'Untitled stream' : title
}

const readCount = (value: unknown): number | undefined => {
  const count = readNumber(value)
  return count !== undefined && count >= 0 ? count : undefined
}

const readRendition = (value: unknown): ReadonlyArray<Rendition> =>
  isRecord(value) ? [{ name: readText(value['name']), codec: readText(value['codec']), width: readNumber(value['width']) ?? 0, height: readNumber(value['height']) ?? 0 }] : []

/** Reads one stream; `undefined`: the value is none, or of a status that these pages do not know. */
export const readStream = (value: unknown): Stream | undefined => {
  if (!isRecord(value)) return undefined
  const { id, status, state, reason } = value
  if (typeof id !== 'string' || !isStatus(status) || !isState(state)) return undefined
  const renditions = Array.isArray(value['renditions']) ? value['renditions'].flatMap(readRendition) : []
  const [viewers, lag_ms, duration_ms] = [readCount(value['viewers']), readCount(value['lagMs']), readCount(value['durationMs'])]
  return {
    id,
    status,
    state,
    isPublishing: value['publishing'] !== false,
    title: readTitle(value['title']),
    startedAt: readText(value['startedAt']),
    renditions,
    playlist: readText(value['playlist']) || `/live/${id}/index.m3u8`,
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    ...(duration_ms === undefined ? {} : { duration_ms }),
    ...(viewers === undefined ? {} : { viewers }),
    ...(lag_ms === undefined ? {} : { lag_ms }),
  }
}

/** Reads the answer of `GET /api/streams`; entries that are no streams are left out. Throws when there is no list at all. */
export const readStreams = (answer: unknown): ReadonlyArray<Stream> => {
  const streams = isRecord(answer) ? answer['streams'] : undefined
  if (!Array.isArray(streams)) throw new Error('The server’s list of streams cannot be read.')
  return streams.flatMap((entry) => readStream(entry) ?? [])
}

/** Address of a stream's recording. */
export const recordingPlaylist = (id: string): string => `/recordings/${id}/index.m3u8`

/** The biggest picture of a stream as people call it, for instance `720p`; `undefined` for sound alone. */
export const pictureSize = (stream: Stream): string | undefined => {
  const height = Math.max(0, ...stream.renditions.map((rendition) => Math.min(rendition.height, rendition.width)))
  return height > 0 ? `${height}p` : undefined
}
