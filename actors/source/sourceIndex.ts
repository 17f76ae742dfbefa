import { resumeMp4, freshMp4, stepMp4, type Mp4State } from './mp4Index.ts'
import type { Container, RandomAccessPoint, SourceItem } from './sourceFacts.ts'
import type { Step, UnitPosition } from './step.ts'
import { freshWebm, resumeWebm, stepWebm, webmPrefix, type WebmState } from './webmIndex.ts'

export type { AudioClock } from './audioClock.ts'
export type * from './sourceFacts.ts'

type Parser = { readonly container: 'webm'; readonly state: WebmState } | { readonly container: 'mp4'; readonly state: Mp4State }

/** How far a source has been read. A value: an index given to `pushChunk` stays as it was. Its fields are the index's own. */
export interface SourceIndex {
  readonly parser: Parser
  /** Offset of the next byte expected. */
  readonly next: number
  /** Bytes not understood yet, and where they began. */
  readonly held: Uint8Array
  readonly heldSeq: number
  /** Bytes still to be fed unread. */
  readonly pass: number
  /** Set when the index can read no further; the reason, until it has been told. */
  readonly stopped?: { readonly reason: string; readonly told: boolean }
}

/** A piece of the publisher's byte stream, as the ingest log holds it. */
export interface SourceChunk {
  /** Sequence of its record on the ingest log. */
  readonly ingestSeq: number
  /** Offset of its first byte in the epoch's stream. */
  readonly offset: number
  readonly bytes: Uint8Array
}

const none = new Uint8Array()

/** The index of a stream read from its first byte. */
export const openSource = (container: Container): SourceIndex => ({
  parser: container === 'webm' ? { container, state: freshWebm } : { container, state: freshMp4 },
  next: 0,
  held: none,
  heldSeq: 0,
  pass: 0,
})

/** What an FFmpeg child is fed before the bytes from `at` on: when resuming, and at a `ParametersChanged`. */
export const resumePrefix = (container: Container, header: Uint8Array, at: RandomAccessPoint): Uint8Array =>
  container === 'webm' ? webmPrefix(header, at) : header

/**
 * The index of a stream read again from a random-access point, and what FFmpeg is fed before its bytes. Chunks are
 * pushed from the one that holds the point (or any before it); bytes before the point are skipped. A header that
 * cannot be read shows as `Invalid` with the first chunk.
 */
export const resumeSource = (
  container: Container,
  header: Uint8Array,
  at: RandomAccessPoint,
): { readonly index: SourceIndex; readonly prefix: Uint8Array } => {
  const prefix = resumePrefix(container, header, at)
  const base = { ...openSource(container), next: at.position.offset }
  if (container === 'webm') {
    const state = resumeWebm(header, at)
    if (typeof state === 'string') return { index: { ...base, stopped: { reason: state, told: false } }, prefix }
    return { index: { ...base, parser: { container, state } }, prefix }
  }
  const state = resumeMp4(header)
  if (typeof state === 'string') return { index: { ...base, stopped: { reason: state, told: false } }, prefix }
  return { index: { ...base, parser: { container, state } }, prefix }
}

interface Stepped {
  readonly parser: Parser
  readonly step: Step<unknown>
}

const step = (parser: Parser, unit: Uint8Array, at: UnitPosition): Stepped => {
  if (parser.container === 'webm') {
    const result = stepWebm(parser.state, unit, at)
    return { parser: result._tag === 'Taken' ? { container: 'webm', state: result.state } : parser, step: result }
  }
  const result = stepMp4(parser.state, unit, at)
  return { parser: result._tag === 'Taken' ? { container: 'mp4', state: result.state } : parser, step: result }
}

/** Adds bytes to the list; bytes that follow the last ones in the same memory are one item with them. */
const feed = (items: Array<SourceItem>, bytes: Uint8Array): void => {
  if (bytes.length === 0) return
  const last = items.at(-1)
  const joins = last?._tag === 'Feed' && last.bytes.buffer === bytes.buffer && last.bytes.byteOffset + last.bytes.length === bytes.byteOffset
  if (!joins) {
    items.push({ _tag: 'Feed', bytes })
    return
  }
  items[items.length - 1] = { _tag: 'Feed', bytes: new Uint8Array(bytes.buffer, last.bytes.byteOffset, last.bytes.length + bytes.length) }
}

const joined = (held: Uint8Array, more: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(held.length + more.length)
  bytes.set(held)
  bytes.set(more, held.length)
  return bytes
}

const stopAt = (index: SourceIndex, items: Array<SourceItem>, reason: string, at: UnitPosition): SourceIndex => {
  items.push({ _tag: 'Invalid', reason, ingestSeq: at.ingestSeq, offset: at.offset })
  return { ...index, held: none, pass: 0, stopped: { reason, told: true } }
}

/**
 * Reads all of `bytes`, of which the first is at `index.next`. Either the chunk itself is under the parser, or, where
 * a unit began in an earlier chunk, the held bytes with just so many of the chunk as the parser asks for.
 */
const read = (start: SourceIndex, bytes: Uint8Array, ingestSeq: number, items: Array<SourceItem>): SourceIndex => {
  let at = 0
  let parser = start.parser
  let { held, heldSeq, pass } = start
  const next = start.next + bytes.length
  while (at < bytes.length || (held.length > 0 && pass === 0)) {
    if (pass > 0) {
      const passed = Math.min(pass, bytes.length - at)
      feed(items, bytes.subarray(at, at + passed))
      at += passed
      pass -= passed
      continue
    }
    const fromHeld = held.length > 0
    const unit = fromHeld ? held : bytes.subarray(at)
    const position = fromHeld ? { ingestSeq: heldSeq, offset: start.next + at - held.length } : { ingestSeq, offset: start.next + at }
    const stepped = step(parser, unit, position)
    const result = stepped.step
    if (result._tag === 'Stop') return stopAt({ ...start, next }, items, result.reason, { ingestSeq: position.ingestSeq, offset: position.offset + result.at })
    if (result._tag === 'Need') {
      if (!fromHeld) heldSeq = ingestSeq
      const more = fromHeld ? Math.min(result.bytes - held.length, bytes.length - at) : unit.length
      held = fromHeld ? joined(held, bytes.subarray(at, at + more)) : unit.slice()
      at += more
      if (held.length < result.bytes) break
      continue
    }
    parser = stepped.parser
    items.push(...result.facts)
    feed(items, result.replacement ?? unit.subarray(0, result.head))
    pass = result.pass
    if (!fromHeld) {
      at += result.head
      continue
    }
    const heldPass = Math.min(pass, held.length - result.head)
    feed(items, held.subarray(result.head, result.head + heldPass))
    held = held.subarray(result.head + heldPass)
    pass -= heldPass
  }
  return { ...start, parser, held, heldSeq, pass, next }
}

/**
 * Reads the next chunk. The items come in byte order: walk them, give each `Feed` to FFmpeg and act on each fact before
 * the bytes behind it; at `ParametersChanged` and `Restarted` the bytes behind belong to another FFmpeg child. Bytes
 * seen already are skipped; bytes missing before the chunk, and content that cannot be read, give one `Invalid`, after
 * which nothing comes any more. Never throws.
 */
export const pushChunk = (index: SourceIndex, chunk: SourceChunk): { readonly index: SourceIndex; readonly items: ReadonlyArray<SourceItem> } => {
  const items: Array<SourceItem> = []
  if (index.stopped !== undefined) {
    if (index.stopped.told) return { index, items }
    return { index: stopAt(index, items, index.stopped.reason, chunk), items }
  }
  if (chunk.offset > index.next) {
    return { index: stopAt(index, items, `${chunk.offset - index.next} bytes are missing before this chunk`, chunk), items }
  }
  const seen = index.next - chunk.offset
  if (seen >= chunk.bytes.length) return { index, items }
  return { index: read(index, chunk.bytes.subarray(seen), chunk.ingestSeq, items), items }
}
