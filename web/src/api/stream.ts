/** How far a stream is in its life. */
export type StreamStatus = 'live' | 'ended' | 'failed' | 'archived'

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
  /** Whether its publisher is connected now. */
  readonly isPublishing: boolean
  /** ISO 8601. */
  readonly startedAt: string
  readonly renditions: ReadonlyArray<Rendition>
  /** Address of the live playlist. */
  readonly playlist: string
  /** Why it failed. */
  readonly reason?: string
}

const isStatus = (value: unknown): value is StreamStatus => value === 'live' || value === 'ended' || value === 'failed' || value === 'archived'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const readText = (value: unknown): string => (typeof value === 'string' ? value : '')

const readRendition = (value: unknown): ReadonlyArray<Rendition> =>
  isRecord(value) ? [{ name: readText(value['name']), codec: readText(value['codec']), width: Number(value['width'] ?? 0), height: Number(value['height'] ?? 0) }] : []

/** Reads one stream; `undefined`: the value is none, or of a status that these pages do not know. */
export const readStream = (value: unknown): Stream | undefined => {
  if (!isRecord(value) || !isStatus(value['status']) || typeof value['id'] !== 'string') return undefined
  const { id, status, renditions, reason } = value
  return {
    id,
    status,
    isPublishing: value['publishing'] !== false,
    title: readText(value['title']).trim() || id,
    startedAt: readText(value['startedAt']),
    renditions: Array.isArray(renditions) ? renditions.flatMap(readRendition) : [],
    playlist: readText(value['playlist']) || `/live/${id}/index.m3u8`,
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
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
