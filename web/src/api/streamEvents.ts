/** What `/ws/events` says, and the streams that follow from it. Pure. */
import { isRecord, parseJson } from './json.ts'
import { readStream, readStreams, type Stream } from './stream.ts'

/** A message of `/ws/events` that these pages heed. */
export type StreamEvent =
  | { readonly type: 'streams'; readonly streams: ReadonlyArray<Stream> }
  | { readonly type: 'streamUpdated'; readonly stream: Stream }
  | { readonly type: 'streamRemoved'; readonly id: string }
  | { readonly type: 'viewerCount'; readonly id: string; readonly viewers: number }

/** Streams by id, in the order in which they became known. */
export type StreamMap = ReadonlyMap<string, Stream>

/** Most streams kept; those that are over go first. */
export const streamsKept_max = 2_000

const snapshotOf = (message: unknown): StreamEvent | undefined => {
  if (!isRecord(message) || !Array.isArray(message['streams'])) return undefined
  return { type: 'streams', streams: readStreams(message) }
}

/** Reads one message; `undefined`: none that these pages heed. */
export const readEvent = (text: string): StreamEvent | undefined => {
  const message = parseJson(text)
  if (!isRecord(message)) return undefined
  if (message['type'] === 'streams') return snapshotOf(message)
  if (message['type'] === 'streamUpdated') {
    const stream = readStream(message['stream'])
    return stream && { type: 'streamUpdated', stream }
  }
  const { type, recordingId: id, viewerCount } = message
  if (typeof id !== 'string') return undefined
  switch (type) {
    case 'streamRemoved':
      return { type, id }
    case 'viewerCount':
      return typeof viewerCount === 'number' ? { type, id, viewers: viewerCount } : undefined
    default:
      return undefined
  }
}

const bounded = (streams: Map<string, Stream>): StreamMap => {
  for (const { id, status } of streams.values()) {
    if (streams.size <= streamsKept_max) break
    if (status !== 'live') streams.delete(id)
  }
  for (const id of streams.keys()) {
    if (streams.size <= streamsKept_max) break
    streams.delete(id)
  }
  return streams
}

/** The streams after an event; `undefined` before the first list of them. The same map where nothing changed. */
export const applyEvent = (streams: StreamMap | undefined, event: StreamEvent): StreamMap | undefined => {
  if (event.type === 'streams') return bounded(new Map(event.streams.map((stream) => [stream.id, stream])))
  if (streams === undefined) return undefined
  switch (event.type) {
    case 'streamUpdated':
      return bounded(new Map(streams).set(event.stream.id, event.stream))
    case 'streamRemoved': {
      const left = new Map(streams)
      return left.delete(event.id) ? left : streams
    }
    case 'viewerCount': {
      const stream = streams.get(event.id)
      return stream && stream.viewers !== event.viewers ? new Map(streams).set(event.id, { ...stream, viewers: event.viewers }) : streams
    }
  }
}
