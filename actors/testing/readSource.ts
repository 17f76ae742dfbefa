import { openSource, pushChunk, type Container, type SourceChunk, type SourceFact, type SourceIndex } from '../source/sourceIndex.ts'
import type { Recording } from './recordings.ts'

/** All that came out of an index: its facts, each with the number of bytes fed before it, and the bytes fed. */
export interface SourceReading {
  readonly facts: ReadonlyArray<SourceFact>
  readonly fedBefore: ReadonlyArray<number>
  readonly fed: Uint8Array
  readonly index: SourceIndex
}

/** The container of a recording, by its name. */
export const containerOf = (recording: Pick<Recording, 'name'>): Container => (recording.name.endsWith('.mp4') ? 'mp4' : 'webm')

/** Gives consecutive offsets and ingest sequences (from `firstSeq`) to pieces of a byte stream. */
export const chunksOf = (pieces: ReadonlyArray<Uint8Array>, firstSeq = 1): ReadonlyArray<SourceChunk> => {
  let offset = 0
  return pieces.map((bytes, i) => {
    const chunk = { ingestSeq: firstSeq + i, offset, bytes }
    offset += bytes.length
    return chunk
  })
}

/** Pushes chunks through an index and keeps what comes out. */
export const readSource = (start: SourceIndex | Container, chunks: ReadonlyArray<SourceChunk>): SourceReading => {
  let index = typeof start === 'string' ? openSource(start) : start
  const facts: Array<SourceFact> = []
  const fedBefore: Array<number> = []
  const feeds: Array<Uint8Array> = []
  let fed = 0
  for (const chunk of chunks) {
    const pushed = pushChunk(index, chunk)
    index = pushed.index
    for (const item of pushed.items) {
      if (item._tag === 'Feed') {
        feeds.push(item.bytes)
        fed += item.bytes.length
        continue
      }
      facts.push(item)
      fedBefore.push(fed)
    }
  }
  return { facts, fedBefore, fed: new Uint8Array(Buffer.concat(feeds)), index }
}

/** The facts of one kind. */
export const factsOf = <T extends SourceFact['_tag']>(reading: Pick<SourceReading, 'facts'>, tag: T): ReadonlyArray<Extract<SourceFact, { readonly _tag: T }>> =>
  reading.facts.filter((fact): fact is Extract<SourceFact, { readonly _tag: T }> => fact._tag === tag)
