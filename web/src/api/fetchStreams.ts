import { readStreams, recordingPlaylist, type Stream } from './stream.ts'

const timeout_ms = 8_000

/** Gets all streams that the platform lists. Rejects when it does not answer or answers with an error. */
export const fetchStreams = async (): Promise<ReadonlyArray<Stream>> => {
  const answer = await fetch('/api/streams', { signal: AbortSignal.timeout(timeout_ms), headers: { accept: 'application/json' } })
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`)
  return readStreams(await answer.json())
}

/** Finds one stream: in the list, or else as a recording that the list no longer names. `undefined`: there is none of that id. */
export const findStream = async (id: string): Promise<Stream | undefined> => {
  const listed = (await fetchStreams()).find((stream) => stream.id === id)
  if (listed !== undefined) return listed
  const playlist = recordingPlaylist(id)
  const recorded = await fetch(playlist, { signal: AbortSignal.timeout(timeout_ms) })
  if (!recorded.ok && recorded.status !== 404) throw new Error(`The server answered ${recorded.status}.`)
  return recorded.ok ? { id, title: id, status: 'archived', startedAt: '', renditions: [], playlist } : undefined
}
