import type { Chunk, IngestRecord, Open } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { decodeIngestRecord, framesIn, isWhole, splitFrames } from '../inbox/ingestRecord.ts'
import { pendingBytes } from '../packager/packager.ts'
import { pushChunk } from '../source/sourceIndex.ts'
import { lose } from './gaps.ts'
import { BACKLOG_BYTES_LOW, FEED_BYTES_MAX, PENDING_BYTES_MAX, SPOTS_MAX } from './limits.ts'
import { noteLoss } from './losses.ts'
import { parkPoison } from './poison.ts'
import { resumeSeqOf } from './resumePoint.ts'
import { beginEpoch, leaveRun } from './runs.ts'
import { takeItem } from './sourceItems.ts'
import type { Source, StreamState, UnreadFrame } from './streamState.ts'
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
    const [frame, ...frames] = turn.state.frames
    if (frame !== undefined) {
      turn.set({ frames })
      readFrame(turn, frame)
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
  const { body } = record
  const receivedAt_ms = Number(record.receivedAtMs)
  turn.setSource({ receivedAt_ms, storedAt_ms: entry.time_ms })
  switch (body.case) {
    case 'open':
      return isLater(turn.state, body.value) ? toEpoch(turn, body.value, entry.seq + 1) : onCameBack(turn, entry, body.value)
    case 'chunk':
      if (!isLater(turn.state, body.value)) return readChunk(turn, entry, body.value, receivedAt_ms)
      // The epoch's own first record is lost, or was trimmed.
      turn.set({ backlog: [entry, ...turn.state.backlog], backlogBytes: turn.state.backlogBytes + entry.data.byteLength })
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
    return decodeIngestRecord(entry.data)
  } catch {
    return undefined
  }
}

const isLater = ({ source }: StreamState, { epoch }: { readonly epoch: number }): boolean => source === undefined || epoch > source.epoch

const toEpoch = (turn: Turn, { epoch, mimeType }: { readonly epoch: number; readonly mimeType: string }, ingestSeq: number): void => {
  if (turn.state.source === undefined) return beginEpoch(turn, epoch, mimeType, ingestSeq)
  noteDoubtful(turn)
  leaveRun(turn, { _tag: 'Epoch', epoch, mimeType, ingestSeq })
}

/** The publisher is to go on behind chunks that were acknowledged: those that were not read are lost. */
const onCameBack = (turn: Turn, entry: LogEntry, open: Open): void => {
  const { source } = turn.state
  // Before any chunk: the one to resume with is gone.
  const seq = source?.expected?.seq ?? source?.reading ?? 0
  if (source === undefined || source.unreadable || open.epoch < source.epoch || open.nextSeq <= seq) return
  turn.setSource({ doubt: undefined, expected: { seq: open.nextSeq, piece: 0 } })
  lose(turn, { kind: LossKind.MISSING, firstSeq: seq, endSeq: open.nextSeq, reason: `chunk ${seq} is missing` }, entry.seq + 1)
}

const readChunk = (turn: Turn, entry: LogEntry, chunk: Chunk, receivedAt_ms: number): void => {
  const { source } = turn.state
  if (source === undefined || chunk.epoch < source.epoch) return
  const damaged = !isWhole(chunk)
  const frames = damaged ? [{ chunk, receivedAt_ms }] : splitFrames(chunk, receivedAt_ms)
  turn.set({ frames: frames.map((frame) => ({ ...frame, entry, damaged })) })
}

/** The expected frame is taken, an earlier one dropped; a later or a damaged one means that something was lost. */
const readFrame = (turn: Turn, frame: UnreadFrame): void => {
  const { source, config } = turn.state
  const { entry, chunk, receivedAt_ms } = frame
  if (source === undefined) return
  if (source.unreadable) return turn.set({ resume: { _tag: 'Start', ingestSeq: entry.seq + 1 } })
  const expected = source.expected ?? (entry.seq === config.resumeSeq ? chunk : { seq: source.reading, piece: 0 })
  const endSeq = chunk.seq + framesIn(chunk)
  if (isBefore({ seq: endSeq - 1, piece: chunk.piece }, expected)) return
  turn.setSource({ receivedAt_ms, reading: chunk.seq, doubt: undefined, spots: withSpot(turn.state, source, frame) })
  if (isBefore(expected, chunk)) {
    turn.set({ frames: [frame, ...turn.state.frames] })
    turn.setSource({ expected: { seq: chunk.seq, piece: chunk.piece } })
    return lose(turn, { kind: LossKind.MISSING, firstSeq: expected.seq, endSeq: chunk.seq + (chunk.piece > 0 ? 1 : 0), reason: `chunk ${expected.seq} is missing` }, entry.seq)
  }
  turn.setSource({ expected: chunk.piece + 1 < chunk.pieces ? { seq: chunk.seq, piece: chunk.piece + 1 } : { seq: endSeq, piece: 0 } })
  if (frame.damaged) {
    const firstSeq = Math.max(chunk.seq, expected.seq)
    return lose(turn, { kind: LossKind.DAMAGED, firstSeq, endSeq, reason: `chunk ${firstSeq} is damaged` }, entry.seq + 1)
  }
  const { index, items } = pushChunk(source.index, { ingestSeq: entry.seq, offset: Number(chunk.offset), bytes: chunk.data })
  turn.setSource({ index })
  turn.set({ items })
  parkPoison(turn, entry, chunk, items)
}

interface Place {
  readonly seq: number
  readonly piece: number
}

const isBefore = (one: Place, other: Place): boolean => one.seq < other.seq || (one.seq === other.seq && one.piece < other.piece)

/** Of the record to resume at all are kept: whoever resumes begins with its first. */
const withSpot = ({ resume }: StreamState, { spots }: Source, { entry, chunk }: UnreadFrame): Source['spots'] => {
  const last = spots.at(-1)
  if (last?.ingestSeq === entry.seq && last.chunk === chunk.seq) return spots
  const resumed = spots.findLast(({ ingestSeq }) => ingestSeq <= resumeSeqOf(resume))?.ingestSeq ?? 0
  const needed = spots.findIndex(({ ingestSeq }) => ingestSeq >= resumed)
  return [...spots.slice(Math.max(0, needed, spots.length - SPOTS_MAX)), { ingestSeq: entry.seq, offset: Number(chunk.offset), chunk: chunk.seq }]
}

/** A record that could not be decoded was the next chunk, if nothing that came since shows otherwise. */
const noteDoubtful = (turn: Turn): void => {
  const { source } = turn.state
  if (source?.doubt === undefined || source.unreadable) return
  const seq = source.expected?.seq ?? source.reading
  noteLoss(turn, { kind: LossKind.DAMAGED, firstSeq: seq, endSeq: seq + 1, reason: `record ${source.doubt} of the inbox cannot be decoded` })
}
