import { fromBinary } from '@bufbuild/protobuf'
import { type Chunk, type IngestRecord, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import { pendingBytes } from '../packager/packager.ts'
import { pushChunk } from '../source/sourceIndex.ts'
import { lose } from './gaps.ts'
import { BACKLOG_BYTES_LOW, FEED_BYTES_MAX, PENDING_BYTES_MAX, SPOTS_MAX } from './limits.ts'
import { noteLoss } from './losses.ts'
import { parkPoison } from './poison.ts'
import { resumeSeqOf } from './resumePoint.ts'
import { beginEpoch, leaveRun } from './runs.ts'
import { takeItem } from './sourceItems.ts'
import type { Source, StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'

/** The inbox gave an entry. */
export const onDelivered = (turn: Turn, entry: LogEntry): void => {
  const { backlog, backlogBytes } = turn.state
  turn.set({ backlog: [...backlog, entry], backlogBytes: backlogBytes + entry.data.byteLength, newestSeq: entry.seq })
  turn.act({ _tag: 'SetTimer', timer: 'window', after_ms: turn.state.config.settings.reconnectWindow_ms })
}

/** Reads as much of what was delivered as FFmpeg and the log have room for. */
export const read = (turn: Turn): void => {
  while (hasRoom(turn.state)) {
    const [item, ...items] = turn.state.items
    if (item !== undefined) {
      turn.set({ items })
      takeItem(turn, item)
      continue
    }
    const [entry, ...backlog] = turn.state.backlog
    if (entry === undefined) break
    turn.set({ backlog, backlogBytes: turn.state.backlogBytes - entry.data.byteLength })
    readEntry(turn, entry)
  }
  if (turn.state.backlogBytes < BACKLOG_BYTES_LOW) turn.act({ _tag: 'More' })
}

const hasRoom = (state: StreamState): boolean =>
  !state.draining &&
  state.dying === undefined &&
  state.next === undefined &&
  state.closing === 'No' &&
  (state.run === undefined || state.run.queuedBytes < FEED_BYTES_MAX) &&
  pendingBytes(state.packager) < PENDING_BYTES_MAX

const readEntry = (turn: Turn, entry: LogEntry): void => {
  const record = decode(entry)
  if (record === undefined) {
    turn.act({ _tag: 'Warn', reason: `record ${entry.seq} of the inbox cannot be decoded` })
    return turn.setSource({ doubt: entry.seq })
  }
  const { body, receivedAtMs } = record
  turn.setSource({ receivedAt_ms: Number(receivedAtMs) })
  switch (body.case) {
    case 'open':
      if (isLater(turn.state, body.value)) toEpoch(turn, body.value, entry.seq + 1)
      return
    case 'chunk':
      if (!isLater(turn.state, body.value)) return readChunk(turn, entry, body.value)
      // The epoch's own first record is lost, or was trimmed.
      putBack(turn, entry)
      return toEpoch(turn, body.value, entry.seq)
    case 'end':
      noteDoubtful(turn)
      return leaveRun(turn, { _tag: 'End', reason: body.value.reason, detail: turn.state.failure })
    default:
      return turn.act({ _tag: 'Warn', reason: `record ${entry.seq} of the inbox is of no known kind` })
  }
}

const decode = (entry: LogEntry): IngestRecord | undefined => {
  try {
    return fromBinary(IngestRecordSchema, entry.data)
  } catch {
    return undefined
  }
}

const putBack = (turn: Turn, entry: LogEntry): void =>
  turn.set({ backlog: [entry, ...turn.state.backlog], backlogBytes: turn.state.backlogBytes + entry.data.byteLength })

const isLater = ({ source }: StreamState, { epoch }: { readonly epoch: number }): boolean => source === undefined || epoch > source.epoch

const toEpoch = (turn: Turn, { epoch, mimeType }: { readonly epoch: number; readonly mimeType: string }, ingestSeq: number): void => {
  if (turn.state.source === undefined) return beginEpoch(turn, epoch, mimeType, ingestSeq)
  noteDoubtful(turn)
  leaveRun(turn, { _tag: 'Epoch', epoch, mimeType, ingestSeq })
}

/** The expected chunk is taken, an earlier one dropped; a later or a damaged one means that something was lost. */
const readChunk = (turn: Turn, entry: LogEntry, chunk: Chunk): void => {
  const { source, config } = turn.state
  if (source === undefined || chunk.epoch < source.epoch) return
  if (source.unreadable) return turn.set({ resume: { _tag: 'Start', ingestSeq: entry.seq + 1 } })
  const expected = source.expected ?? (entry.seq === config.resumeSeq ? chunk : { seq: source.reading, piece: 0 })
  if (isBefore(chunk, expected)) return
  const reading = { reading: chunk.seq, doubt: undefined, spots: withSpot(turn.state, source, entry.seq, chunk.seq) }
  if (chunk.seq !== expected.seq || chunk.piece !== expected.piece) {
    putBack(turn, entry)
    turn.setSource({ ...reading, expected: { seq: chunk.seq, piece: chunk.piece } })
    return lose(turn, { kind: LossKind.MISSING, firstSeq: expected.seq, endSeq: chunk.seq + (chunk.piece > 0 ? 1 : 0), reason: `chunk ${expected.seq} is missing` }, entry.seq)
  }
  const next = chunk.piece + 1 >= chunk.pieces ? { seq: chunk.seq + 1, piece: 0 } : { seq: chunk.seq, piece: chunk.piece + 1 }
  turn.setSource({ ...reading, expected: next })
  if (crc32c(chunk.data) !== chunk.crc32c) {
    return lose(turn, { kind: LossKind.DAMAGED, firstSeq: chunk.seq, endSeq: chunk.seq + 1, reason: `chunk ${chunk.seq} is damaged` }, entry.seq + 1)
  }
  const { index, items } = pushChunk(source.index, { ingestSeq: entry.seq, offset: Number(chunk.offset), bytes: chunk.data })
  turn.setSource({ index })
  turn.set({ items })
  parkPoison(turn, entry, chunk, items)
}

const isBefore = (chunk: Chunk, expected: { readonly seq: number; readonly piece: number }): boolean =>
  chunk.seq < expected.seq || (chunk.seq === expected.seq && chunk.piece < expected.piece)

const withSpot = ({ resume }: StreamState, { spots }: Source, ingestSeq: number, chunk: number): Source['spots'] => {
  const needed = spots.findLastIndex((spot) => spot.ingestSeq <= resumeSeqOf(resume))
  return spots.at(-1)?.ingestSeq === ingestSeq ? spots : [...spots.slice(Math.max(0, needed, spots.length - SPOTS_MAX)), { ingestSeq, chunk }]
}

/** A record that could not be decoded was the next chunk, if nothing that came since shows otherwise. */
const noteDoubtful = (turn: Turn): void => {
  const { source } = turn.state
  if (source?.doubt === undefined || source.unreadable) return
  const seq = source.expected?.seq ?? source.reading
  noteLoss(turn, { kind: LossKind.DAMAGED, firstSeq: seq, endSeq: seq + 1, reason: `record ${source.doubt} of the inbox cannot be decoded` })
}
