import { fromBinary } from '@bufbuild/protobuf'
import { type Chunk, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import { pendingBytes } from '../packager/packager.ts'
import { pushChunk } from '../source/sourceIndex.ts'
import { BACKLOG_BYTES_LOW, FEED_BYTES_MAX, PENDING_BYTES_MAX } from './limits.ts'
import { beginEpoch, fail, leaveRun } from './runs.ts'
import { takeItem } from './sourceItems.ts'
import type { StreamState } from './streamState.ts'
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
  state.next === undefined &&
  state.closing === 'No' &&
  (state.run === undefined || state.run.queuedBytes < FEED_BYTES_MAX) &&
  pendingBytes(state.packager) < PENDING_BYTES_MAX

const readEntry = (turn: Turn, entry: LogEntry): void => {
  const { body, receivedAtMs } = fromBinary(IngestRecordSchema, entry.data)
  turn.setSource({ receivedAt_ms: Number(receivedAtMs) })
  switch (body.case) {
    case 'open':
      if (turn.state.source === undefined) return beginEpoch(turn, body.value.epoch, body.value.mimeType, entry.seq + 1)
      if (body.value.epoch > turn.state.source.epoch) leaveRun(turn, { _tag: 'Epoch', epoch: body.value.epoch, mimeType: body.value.mimeType, ingestSeq: entry.seq + 1 })
      return
    case 'chunk':
      return readChunk(turn, entry.seq, body.value)
    case 'end':
      return leaveRun(turn, { _tag: 'End', reason: body.value.reason, detail: turn.state.failure })
    default:
      return turn.act({ _tag: 'Warn', reason: `record ${entry.seq} of the inbox is of no known kind` })
  }
}

/** The expected chunk is taken, an earlier one dropped; a later or a damaged one means that something was lost. */
const readChunk = (turn: Turn, ingestSeq: number, chunk: Chunk): void => {
  const { source } = turn.state
  if (source === undefined || chunk.epoch < source.epoch) return
  const expected = source.expected
  if (expected !== undefined && isBefore(chunk, expected)) return
  if (expected !== undefined && (chunk.seq !== expected.seq || chunk.piece !== expected.piece)) {
    return lose(turn, chunk.seq - expected.seq, `chunk ${expected.seq} is missing`)
  }
  if (crc32c(chunk.data) !== chunk.crc32c) return lose(turn, 1, `chunk ${chunk.seq} is damaged`)
  const last = chunk.piece + 1 >= chunk.pieces
  const { index, items } = pushChunk(source.index, { ingestSeq, offset: Number(chunk.offset), bytes: chunk.data })
  turn.setSource({ index, expected: last ? { seq: chunk.seq + 1, piece: 0 } : { seq: chunk.seq, piece: chunk.piece + 1 } })
  turn.set({ items })
}

const isBefore = (chunk: Chunk, expected: { readonly seq: number; readonly piece: number }): boolean =>
  chunk.seq < expected.seq || (chunk.seq === expected.seq && chunk.piece < expected.piece)

const lose = (turn: Turn, chunks: number, reason: string): void => {
  turn.set({ lostChunks: turn.state.lostChunks + Math.max(1, chunks) })
  turn.act({ _tag: 'Warn', reason })
  fail(turn, reason)
}
