import { SOURCE_HEADER_BYTES_MAX } from '../limits.ts'
import { isRead, readElementHead } from './ebml.ts'
import { need, stop, type Step } from './step.ts'
import { besideClusters, Id } from './webmIds.ts'
import { readWebmTracks, type WebmTracks } from './webmTracks.ts'

/** A source's header together with the head of its first Cluster. Offsets count from the header's beginning. */
export interface WebmHeader extends WebmTracks {
  /** Where the first Cluster begins: the header's length. */
  readonly length: number
  /** Where that Cluster's content begins. */
  readonly clusterStart: number
  /** Where Cluster and Segment end; `Infinity` when their sizes are unknown. */
  readonly clusterEnd: number
  readonly segmentEnd: number
}

const looksLikeMp4 = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(4, 8)).toString('latin1') === 'ftyp'

/** A stream that does not begin with an EBML header: says what it is instead, where that is easy to tell. */
const notWebm = (bytes: Uint8Array): Step<never> => {
  if (bytes.length < 8) return need(8)
  return stop(
    looksLikeMp4(bytes)
      ? 'this is MP4, but the stream was announced as WebM; send the mimeType that the recorder reports'
      : 'this is not WebM: the stream does not begin with an EBML header. After a dropped connection, go on where the stream was or begin a new recording',
  )
}

/**
 * Reads from the EBML header to the head of the first Cluster. The bytes are looked at from their beginning each time,
 * which costs nothing beside what a header of some hundred bytes brings with it.
 */
export const readWebmHeader = (bytes: Uint8Array): WebmHeader | Step<never> => {
  const first = readElementHead(bytes, 0)
  if (first === 'malformed') return notWebm(bytes)
  if ('need' in first) return need(first.need)
  if (first.id !== Id.ebml) return notWebm(bytes)
  let info: Uint8Array | undefined
  let tracks: Uint8Array | undefined
  let segmentEnd: number | undefined
  for (let at = 0; ; ) {
    const head = readElementHead(bytes, at)
    if (head === 'malformed') return stop('the WebM header is malformed', at)
    const end = at + (isRead(head) ? head.length : head.need)
    if (end > SOURCE_HEADER_BYTES_MAX) return stop(`the WebM header is longer than ${SOURCE_HEADER_BYTES_MAX} bytes`, at)
    if (!isRead(head)) return need(end)
    if (head.id === Id.segment && segmentEnd === undefined) {
      segmentEnd = end + head.size
      at = end
      continue
    }
    if (head.id === Id.cluster && segmentEnd !== undefined) {
      if (tracks === undefined) return stop('the first Cluster comes before the Tracks', at)
      const read = readWebmTracks(info, tracks)
      if (typeof read === 'string') return stop(read, at)
      return { ...read, length: at, clusterStart: end, clusterEnd: end + head.size, segmentEnd }
    }
    const expected = segmentEnd === undefined ? at === 0 || head.id === Id.void : besideClusters.has(head.id)
    if (!expected) return stop(`the WebM header holds an element that does not belong there (id ${head.id.toString(16)})`, at)
    if (end + head.size > SOURCE_HEADER_BYTES_MAX) return stop(`the WebM header is longer than ${SOURCE_HEADER_BYTES_MAX} bytes`, at)
    if (end + head.size > bytes.length) return need(end + head.size)
    const content = bytes.subarray(end, end + head.size)
    if (head.id === Id.info) info = content
    if (head.id === Id.tracks) tracks = content
    at = end + head.size
  }
}
