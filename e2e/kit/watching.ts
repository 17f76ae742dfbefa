/** Viewers of a stream that take all of it, with every revision of every playlist held against the rules. */
import { type ListedLoss, parseMedia } from '../../actors/playlist/testing/parsePlaylist.ts'
import { checkMedia, checkSuccession } from '../../actors/playlist/testing/rules.ts'
import { until } from '../../actors/archive/testing/until.ts'
import { type Capture, type ReadOptions, readHls, renditionsOf } from './hlsReader.ts'

/** What one viewer took of one rendition. */
export interface Watched extends Capture {
  readonly rendition: string
  readonly revisions: number
  /** Broken rules of RFC 8216bis, as sentences; each once. */
  readonly broken: ReadonlySet<string>
  /** Times of which the playlists say that the media is lost, by name. */
  readonly losses: ReadonlyMap<string, ListedLoss>
}

/** How a viewer reads. */
export type Watching = Pick<ReadOptions, 'signal' | 'get' | 'patience_ms'>

/** Follows one rendition of a live stream from its first part to its end. */
export const watchRendition = async (edge: string, id: string, rendition: string, options: Watching = {}): Promise<Watched> => {
  const broken = new Set<string>()
  const losses = new Map<string, ListedLoss>()
  let revisions = 0
  let last: string | undefined
  const onRevision = (text: string): void => {
    if (text === last) return
    revisions++
    for (const fault of [...checkMedia(text).broken, ...(last === undefined ? [] : checkSuccession(last, text))]) broken.add(fault)
    last = text
    for (const loss of parseMedia(text).losses) losses.set(loss.id, loss)
  }
  const capture = await readHls(`${edge}/live/${id}/index.m3u8`, { rendition, onRevision, ...options })
  return { ...capture, rendition, revisions, broken, losses }
}

/** Follows every rendition of a live stream. */
export const watchAll = async (edge: string, id: string, options: Watching = {}): Promise<ReadonlyMap<string, Watched>> => {
  const renditions = await renditionsOf(`${edge}/live/${id}/index.m3u8`, 30_000, options.get)
  const watched = await Promise.all(renditions.map(({ name }) => watchRendition(edge, id, name, options)))
  return new Map(watched.map((one) => [one.rendition, one]))
}

/** Waits until the recording is complete, and reads all renditions of it. */
export const readRecording = async (edge: string, id: string, within_ms = 60_000): Promise<ReadonlyMap<string, Capture>> => {
  const url = `${edge}/recordings/${id}/index.m3u8`
  await until(`the recording ${id} is complete`, async () => ((await fetch(url)).ok ? true : undefined), within_ms)
  const renditions = await renditionsOf(url)
  return new Map(await Promise.all(renditions.map(async ({ name }) => [name, await readHls(url, { rendition: name })] as const)))
}
