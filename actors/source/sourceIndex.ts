import { findLandmark } from './landmarks.ts'
import { judgeLeap, noStrays, type Strays } from './leaps.ts'
import { resumeMp4 } from './mp4Index.ts'
import { afterLoss, freshParser, hasHeader, type Parser, step, type Stepped, timelineOf, unfed, withTimeline } from './parser.ts'
import { beginSeeking, seek, type Seeking } from './seeking.ts'
import type { Container, RandomAccessPoint, SourceFact, SourceItem } from './sourceFacts.ts'
import type { Step, UnitPosition } from './step.ts'
import { resumeWebm, webmPrefix } from './webmIndex.ts'

export type { AudioClock } from './audioClock.ts'
export type * from './sourceFacts.ts'

/** How far a source has been read. A value: an index given to `pushChunk` stays as it was. Its fields are the index's own. */
export interface SourceIndex {
  readonly parser: Parser
  /** Offset of the next byte expected; undefined: of whatever comes. */
  readonly next: number | undefined
  /** Bytes not understood yet, and where they began. */
  readonly held: Uint8Array
  readonly heldSeq: number
  /** Bytes still to be passed on unread: fed, or not when `silent`. */
  readonly pass: number
  readonly silent: boolean
  /** Set while a place to go on is looked for. */
  readonly seeking?: Seeking
  readonly strays: Strays
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
  parser: freshParser(container),
  next: 0,
  held: none,
  heldSeq: 0,
  pass: 0,
  silent: false,
  strays: noStrays,
})

/** The same source after bytes of it were lost: it goes on in whatever chunk comes next. Undefined where the header is not known. */
export const afterGap = ({ stopped: _, ...index }: SourceIndex): SourceIndex | undefined =>
  hasHeader(index.parser)
    ? { ...index, parser: afterLoss(index.parser), next: undefined, held: none, pass: 0, seeking: beginSeeking({ ...index.seeking, lossy: true, synchronised: false }), strays: noStrays }
    : undefined

/** The same source, of which nothing is wanted before a random-access point behind an offset and a time, or behind the first one. */
export const seekBehind = (index: SourceIndex, change: Partial<Pick<Seeking, 'behind' | 'passed'>>): SourceIndex =>
  ({ ...index, parser: unfed(index.parser), seeking: beginSeeking(change) })

/** Whether a place to go on is looked for. */
export const isSeeking = ({ seeking }: SourceIndex): boolean => seeking !== undefined

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

/** Where reading is, within one chunk. */
interface Cursor {
  at: number
  parser: Parser
  held: Uint8Array
  heldSeq: number
  pass: number
  silent: boolean
  seeking: Seeking | undefined
  strays: Strays
}

/** Passes bytes on that nobody has to understand. */
const passOn = (cursor: Cursor, bytes: Uint8Array, items: Array<SourceItem>): void => {
  const passed = Math.min(cursor.pass, bytes.length - cursor.at)
  if (!cursor.silent) feed(items, bytes.subarray(cursor.at, cursor.at + passed))
  cursor.at += passed
  cursor.pass -= passed
}

/** Looks for a place from which bytes make sense again. Answers whether there is one. */
const synchronise = (cursor: Cursor, seeking: Seeking, bytes: Uint8Array, ingestSeq: number): boolean => {
  const before = cursor.held.length
  const unit = before > 0 ? joined(cursor.held, bytes.subarray(cursor.at)) : bytes.subarray(cursor.at)
  const { at, certain } = findLandmark(cursor.parser.container, unit)
  const intoHeld = at < before
  if (certain && !intoHeld) [cursor.held, cursor.at] = [none, cursor.at + at - before]
  else [cursor.held, cursor.heldSeq, cursor.at] = [unit.slice(at), intoHeld ? cursor.heldSeq : ingestSeq, bytes.length]
  if (!certain) return false
  cursor.parser = afterLoss(cursor.parser)
  cursor.seeking = { ...seeking, synchronised: true }
  return true
}

/** What cannot be read is passed over, byte by byte, where bytes are known to be missing. */
const passOver = (cursor: Cursor, seeking: Seeking): void => {
  cursor.seeking = { ...seeking, synchronised: false }
  if (cursor.held.length > 0) cursor.held = cursor.held.subarray(1)
  else cursor.at += 1
}

/** Tells the facts of a unit, or passes it over. Answers whether the unit is to be read again, from where a leap of time begins. */
const tell = (cursor: Cursor, stepped: Stepped, facts: ReadonlyArray<SourceFact>, items: Array<SourceItem>): boolean => {
  const { seeking, strays } = cursor
  cursor.silent = false
  if (seeking !== undefined) {
    const sought = seek(seeking, stepped.parser, facts)
    cursor.silent = sought._tag === 'Seeking'
    cursor.seeking = sought._tag === 'Seeking' ? sought.seeking : undefined
    const { video } = timelineOf(stepped.parser)
    cursor.parser = cursor.silent ? unfed(stepped.parser) : withTimeline(stepped.parser, video === undefined ? {} : { video })
    if (sought._tag === 'Found') items.push({ _tag: 'Found', at: sought.at, frames: seeking.frames })
    items.push(...sought.facts)
    return false
  }
  const leap = judgeLeap(strays, cursor.parser, facts)
  if (leap === 'Leap') {
    items.push(...facts.filter(({ _tag }) => _tag === 'Jump').slice(0, 1))
    Object.assign(cursor, { seeking: beginSeeking({ frames: strays.count }), strays: { count: 0, afterLeap: true }, parser: unfed(withTimeline(cursor.parser, {})) })
    return true
  }
  if (leap === 'Stray') {
    Object.assign(cursor, { silent: true, strays: { ...strays, count: strays.count + 1 } })
    return false
  }
  cursor.parser = stepped.parser
  if (facts.some(({ _tag }) => _tag === 'AudioFrame')) cursor.strays = noStrays
  items.push(...facts.filter(({ _tag }) => _tag !== 'Jump'))
  return false
}

/** Takes a unit's own bytes, and what stands behind them, from the held ones or the chunk. */
const take = (cursor: Cursor, unit: Uint8Array, taken: Step<unknown> & { readonly _tag: 'Taken' }, items: Array<SourceItem>): void => {
  const { head, pass, replacement } = taken
  if (!cursor.silent) feed(items, replacement ?? unit.subarray(0, head))
  cursor.pass = pass
  if (cursor.held.length === 0) {
    cursor.at += head
    return
  }
  const heldPass = Math.min(pass, cursor.held.length - head)
  if (!cursor.silent) feed(items, cursor.held.subarray(head, head + heldPass))
  cursor.held = cursor.held.subarray(head + heldPass)
  cursor.pass -= heldPass
}

/** Too few bytes: as many as are asked for are held. Answers whether they are there. */
const hold = (cursor: Cursor, unit: Uint8Array, wanted: number, bytes: Uint8Array, ingestSeq: number): boolean => {
  const fromHeld = cursor.held.length > 0
  const more = fromHeld ? Math.min(wanted - cursor.held.length, bytes.length - cursor.at) : unit.length
  if (!fromHeld) cursor.heldSeq = ingestSeq
  cursor.held = fromHeld ? joined(cursor.held, bytes.subarray(cursor.at, cursor.at + more)) : unit.slice()
  cursor.at += more
  return cursor.held.length >= wanted
}

/**
 * Reads all of `bytes`, of which the first is at `begin`. Either the chunk itself is under the parser, or, where a unit
 * began in an earlier chunk, the held bytes with just so many of the chunk as the parser asks for.
 */
const read = (start: SourceIndex, bytes: Uint8Array, begin: number, ingestSeq: number, items: Array<SourceItem>): SourceIndex => {
  const { seeking: _, ...rest } = start
  const cursor: Cursor = { ...start, at: 0, seeking: start.seeking }
  const next = begin + bytes.length
  while (cursor.at < bytes.length || (cursor.held.length > 0 && cursor.pass === 0)) {
    if (cursor.pass > 0) {
      passOn(cursor, bytes, items)
      continue
    }
    if (cursor.seeking?.synchronised === false) {
      if (!synchronise(cursor, cursor.seeking, bytes, ingestSeq)) break
      continue
    }
    const fromHeld = cursor.held.length > 0
    const unit = fromHeld ? cursor.held : bytes.subarray(cursor.at)
    const position = fromHeld ? { ingestSeq: cursor.heldSeq, offset: begin + cursor.at - cursor.held.length } : { ingestSeq, offset: begin + cursor.at }
    const stepped = step(cursor.parser, unit, position)
    const result = stepped.step
    if (result._tag === 'Stop') {
      if (cursor.seeking?.lossy !== true) return stopAt({ ...start, next }, items, result.reason, { ingestSeq: position.ingestSeq, offset: position.offset + result.at })
      passOver(cursor, cursor.seeking)
    } else if (result._tag === 'Need') {
      if (!hold(cursor, unit, result.bytes, bytes, ingestSeq)) break
    } else if (!tell(cursor, stepped, result.facts, items)) {
      take(cursor, unit, result, items)
    }
  }
  const { parser, held, heldSeq, pass, silent, strays, seeking } = cursor
  return { ...rest, parser, held, heldSeq, pass, silent, strays, next, ...(seeking === undefined ? {} : { seeking }) }
}

/**
 * Reads the next chunk. The items come in byte order: walk them, give each `Feed` to FFmpeg and act on each fact before
 * the bytes behind it; at `ParametersChanged`, `Restarted` and `Found` the bytes behind belong to another FFmpeg child.
 * Bytes seen already are skipped; bytes missing before the chunk, and content that cannot be read, give one `Invalid`,
 * after which nothing comes any more. Never throws.
 */
export const pushChunk = (index: SourceIndex, chunk: SourceChunk): { readonly index: SourceIndex; readonly items: ReadonlyArray<SourceItem> } => {
  const items: Array<SourceItem> = []
  if (index.stopped !== undefined) {
    if (index.stopped.told) return { index, items }
    return { index: stopAt(index, items, index.stopped.reason, chunk), items }
  }
  const next = index.next ?? chunk.offset
  if (chunk.offset > next) return { index: stopAt(index, items, `${chunk.offset - next} bytes are missing before this chunk`, chunk), items }
  const seen = next - chunk.offset
  if (seen >= chunk.bytes.length) return { index: { ...index, next }, items }
  return { index: read(index, chunk.bytes.subarray(seen), next, chunk.ingestSeq, items), items }
}
