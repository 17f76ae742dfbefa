import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ChunkSchema, IngestRecordSchema } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import type { LogEntry } from '../../../runtime/Log.ts'
import { chunksOf, containerOf, readSource } from '../../testing/readSource.ts'
import type { Recording } from '../../testing/recordings.ts'
import { type Inbox, inboxOf } from './StreamWorld.ts'

const changed = (inbox: Inbox, change: (entries: ReadonlyArray<LogEntry>) => ReadonlyArray<LogEntry>): Inbox => {
  const entries = change(inbox.entries).map((entry, i) => ({ ...entry, seq: i + 1 }))
  inbox.entries.splice(0, inbox.entries.length, ...entries)
  return inbox
}

/** An inbox with a recording of which some chunks never got there. */
export const dropChunks = (recording: Recording, indices: ReadonlyArray<number>): Inbox =>
  changed(inboxOf(recording), (entries) => entries.filter((_, i) => !indices.includes(i - 1)))

/** An inbox with a recording of which some chunks are not what was sent. */
export const damageChunks = (recording: Recording, indices: ReadonlyArray<number>): Inbox =>
  changed(inboxOf(recording), (entries) => entries.map((entry, i) => (indices.includes(i - 1) ? damaged(entry) : entry)))

/** The same entry with one byte changed that is no longer what its checksum says. */
export const damaged = (entry: LogEntry): LogEntry => {
  const record = fromBinary(IngestRecordSchema, entry.data)
  if (record.body.case !== 'chunk') throw new Error('only chunks have a checksum')
  const data = record.body.value.data.slice()
  if (data.length === 0) return { ...entry, data: toBinary(IngestRecordSchema, create(IngestRecordSchema, { ...record, body: { case: 'chunk', value: create(ChunkSchema, { ...record.body.value, crc32c: 1 }) } })) }
  data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1
  return { ...entry, data: toBinary(IngestRecordSchema, create(IngestRecordSchema, { ...record, body: { case: 'chunk', value: create(ChunkSchema, { ...record.body.value, data }) } })) }
}

interface Frame {
  readonly pts: number
  readonly isPoint: boolean
  readonly begin: number
  readonly end: number
}

const MARKS = { webm: Buffer.from([0x1f, 0x43, 0xb6, 0x75]), mp4: Buffer.from('moof') } as const
const MARK_AT = { webm: 0, mp4: 4 } as const

/**
 * Times (90 kHz) of the pictures of a recording that can be shown without some of its chunks: those before the first,
 * and behind each of them those from the first keyframe behind the first Cluster or `moof` that is whole.
 */
export const framesLeft = (recording: Recording, lost: ReadonlyArray<number>): ReadonlyArray<number> => {
  const container = containerOf(recording)
  const marks = marksIn(recording.bytes, MARKS[container]).map((at) => at - MARK_AT[container])
  const frames = framesOf(recording, marks)
  const chunks = chunksOf(recording.chunks.map(({ bytes }) => bytes))
  const ranges = chunks.filter((_, i) => lost.includes(i)).map(({ offset, bytes }) => [offset, offset + bytes.length] as const)
  const regions = [...ranges.map(([, end]) => end), recording.bytes.length].sort((a, b) => a - b)
  const kept: Array<number> = []
  let from = 0
  for (const until of [...ranges.map(([begin]) => begin).sort((a, b) => a - b), recording.bytes.length]) {
    const mark = from === 0 ? 0 : marks.find((at) => at >= from) ?? Number.POSITIVE_INFINITY
    const first = frames.find(({ begin, isPoint }) => begin >= mark && isPoint)
    if (first !== undefined) kept.push(...frames.filter(({ begin, end }) => begin >= first.begin && end <= until).map(({ pts }) => pts))
    from = regions.shift() ?? until
  }
  return kept
}

const marksIn = (bytes: Uint8Array, mark: Uint8Array): ReadonlyArray<number> => {
  const found: Array<number> = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = buffer.indexOf(mark); at !== -1; at = buffer.indexOf(mark, at + 1)) found.push(at)
  return found
}

const framesOf = (recording: Recording, marks: ReadonlyArray<number>): ReadonlyArray<Frame> => {
  const { facts, fedBefore, fed, index } = readSource(containerOf(recording), chunksOf(recording.chunks.map(({ bytes }) => bytes)))
  return facts.flatMap((fact, i) => {
    if (fact._tag !== 'VideoFrame') return []
    const begin = fedBefore[i] ?? 0
    const next = fedBefore.find((at) => at > begin) ?? fed.length + index.pass
    return [{ pts: fact.pts, isPoint: fact.randomAccess !== undefined, begin, end: Math.min(next, marks.find((at) => at > begin) ?? next) }]
  })
}
