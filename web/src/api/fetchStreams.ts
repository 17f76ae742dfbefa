import { readStream, readStreams, recordingPlaylist, type Stream } from './stream.ts'

const timeout_ms = 8_000

const get = (path: string): Promise<Response> => fetch(path, { signal: AbortSignal.timeout(timeout_ms), headers: { accept: '*/*' } })

const refuse = ({ status }: Response): never => {
  throw new Error(`The server answered ${status}.`)
}

/** Gets all streams that the platform lists. Rejects when it does not answer or answers with an error. */
export const fetchStreams = async (): Promise<ReadonlyArray<Stream>> => {
  const answer = await get('/api/streams')
  return answer.ok ? readStreams(await answer.json()) : refuse(answer)
}

/** Finds one stream, or else its recording where that is all that is left. `undefined`: there is none of that id. */
export const findStream = async (id: string): Promise<Stream | undefined> => {
  const answer = await get(`/api/streams/${id}`)
  if (answer.ok) return readStream(await answer.json())
  if (answer.status !== 404) return refuse(answer)
  const playlist = recordingPlaylist(id)
  const recorded = await get(playlist)
  if (!recorded.ok && recorded.status !== 404) return refuse(recorded)
  return recorded.ok ? { id, title: id, status: 'archived', state: 'archived', isPublishing: false, startedAt: '', renditions: [], playlist } : undefined
}
