import { create, toBinary } from '@bufbuild/protobuf'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { DiscontinuitySchema, FragmentsSchema, MediaEndSchema, type MediaRecord, PieceSchema, TickSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { type SegmentClosed, SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { BIG_RECORDS_SHARE_MAX, MESSAGE_OVERHEAD_BYTES, SESSIONS_SHARE_MAX, TICK_MS } from '../../runtime/limits.ts'
import { subjects } from '../../runtime/topology.ts'
import { fillOn } from '../packager/fill.ts'
import { discontinue, endSegments, isReady, pendingBytes, recordStored, takeFragments, type TakeOptions, timelineEnd } from '../packager/packager.ts'
import { writePackager } from './checkpoint.ts'
import { noteStored } from './keepingUp.ts'
import { FLUSH_BYTES, RECORD_BYTES_MIN } from './limits.ts'
import { tellLosses } from './losses.ts'
import { recordOf } from './mediaCodec.ts'
import { chooseResume, resumeSeqOf, writeSource } from './resumePoint.ts'
import { citeSelf } from './selfCitation.ts'
import type { StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'
import { withShown, windowReach } from './windowReach.ts'

const TICKS_PER_MS = 90

/** Writes what waits: one record at a time, as soon as FFmpeg pauses or much has come together. */
export const flush = (turn: Turn): void => {
  if (turn.state.appending || turn.state.closing !== 'No') return
  if (turn.state.outgoing.length === 0 && mayTake(turn.state)) take(turn)
  send(turn)
}

const mayTake = (state: StreamState): boolean => {
  const { run, packager } = state
  // What is left of a log that is nearly full is for records that end, hand over and trim.
  if (run === undefined || state.space.outbox >= BIG_RECORDS_SHARE_MAX || state.space.room_bytes <= 0) return false
  if (run.phase === 'Over' || state.draining) return true
  const complete = run.renditions.every((name) => packager.tracks.some((track) => track.name === name && track.init.bytes !== undefined))
  if (!run.startWaited && !(complete && (run.audioOnly || isReady(packager)))) return false
  return state.quiet || pendingBytes(packager) >= FLUSH_BYTES
}

const optionsOf = ({ state, now_ms }: Turn): TakeOptions => ({
  settings: state.config.settings,
  window: windowReach(state, now_ms),
  // Others write to the log as well, by a view of it as old as this one.
  record_bytes: Math.max(RECORD_BYTES_MIN, state.space.room_bytes / 4),
  alone: state.run?.audioOnly === true && state.run.still === undefined,
  ending: state.run?.phase === 'Draining',
  final: state.run?.phase === 'Over',
  streamId: state.config.id,
  token: state.config.token
})

const take = (turn: Turn): void => {
  const taken = takeFragments(fillOn(turn.state.packager), optionsOf(turn))
  if (taken === undefined) return
  const { space } = turn.state
  const bytes = taken.body.fragments.reduce((sum, { data }) => sum + data.byteLength, 0)
  turn.set({ packager: taken.packager, quiet: pendingBytes(taken.packager) === 0 ? false : turn.state.quiet, space: { ...space, room_bytes: space.room_bytes - bytes } })
  enqueue(turn, { case: 'fragments', value: taken.body })
}

/** Puts a record, with the checkpoint as it is now, behind those that wait. */
const enqueue = (turn: Turn, body: MediaRecord['body']): void => {
  const before = turn.state.resume
  const { resume, run } = chooseResume(turn.state)
  turn.set({ resume, run })
  const record = recordOf(checkpointOf(turn.state), body)
  turn.set({ outgoing: [...turn.state.outgoing, ...inPieces(turn.state, record)] })
  if (resumeSeqOf(before) !== resumeSeqOf(resume)) turn.act({ _tag: 'Acknowledge', seq: resumeSeqOf(resume) - 1 })
}

const checkpointOf = (state: StreamState) => ({
  ...writePackager(state.packager),
  ...(state.source === undefined ? {} : { source: writeSource(state.source, state.resume, state.run?.withoutPictures === true || state.run?.still !== undefined) }),
  timelineOffsetMs: BigInt(state.source?.offsetKnown === true ? state.source.offset_ms : 0),
  lostChunks: BigInt(state.lostChunks),
  losses: [...state.losses],
  poisonChunks: BigInt(state.poisonChunks),
  beginTicks: BigInt(Math.round(state.beginTicks ?? 0))
})

/** A record that no message can carry goes as pieces; only the last carries the new checkpoint. */
const inPieces = (state: StreamState, record: MediaRecord): ReadonlyArray<MediaRecord> => {
  const room = state.config.messageBytesMax - MESSAGE_OVERHEAD_BYTES
  if (record.body.case !== 'fragments') return [record]
  const size = record.body.value.fragments.reduce((sum, { data }) => sum + data.byteLength, 0)
  if (size < room) return [record]
  const bytes = toBinary(FragmentsSchema, record.body.value)
  const pieces = Math.ceil(bytes.byteLength / room)
  return Array.from({ length: pieces }, (_, piece) => {
    const value = create(PieceSchema, { piece, pieces, data: bytes.subarray(piece * room, (piece + 1) * room) })
    const checkpoint = piece === pieces - 1 ? record.checkpoint : state.stored
    return recordOf(checkpoint ?? checkpointOf(state), { case: 'piece', value })
  })
}

const send = (turn: Turn): void => {
  const record = turn.state.outgoing[0]
  // What is passed over is kept before the log says that it is.
  if (record === undefined || (turn.state.parking > 0 && record.body.case !== 'fragments' && record.body.case !== 'piece')) return
  const { firstPieceSeq } = turn.state
  const cited = firstPieceSeq > 0 && record.checkpoint !== undefined ? { ...record, checkpoint: citeSelf(record.checkpoint, firstPieceSeq) } : record
  turn.set({ appending: true })
  turn.act({ _tag: 'Append', record: cited, resumeSeq: Number(record.checkpoint?.source?.ingestSeq ?? turn.state.config.resumeSeq) })
}

/** The first of the outgoing records is in the log. */
export const onAppended = (turn: Turn, seq: number): void => {
  const [record, ...waiting] = turn.state.outgoing
  const whole = record?.body.case !== 'piece' || record.body.value.piece + 1 === record.body.value.pieces
  const first = turn.state.firstPieceSeq === 0 ? seq : turn.state.firstPieceSeq
  const stored = whole && record?.checkpoint !== undefined ? citeSelf(record.checkpoint, first, seq) : turn.state.stored
  // What was put behind it while it was on its way says 0 for it too.
  const outgoing = waiting.map((next) => (whole && next.checkpoint !== undefined ? { ...next, checkpoint: citeSelf(next.checkpoint, first, seq) } : next))
  turn.set({ outgoing, appending: false, stored })
  if (whole) turn.set({ packager: recordStored(turn.state.packager, first, seq), shown: withShown(turn.state, turn.now_ms) })
  turn.set({ firstPieceSeq: whole ? 0 : first })
  if (whole) noteStored(turn)
  turn.act({ _tag: 'SetTimer', timer: 'tick', after_ms: TICK_MS })
  announce(turn)
  tellLosses(turn)
  describe(turn)
  if (record?.body.case === 'end') turn.set({ closing: 'Recorded' })
}

/** The log is full: the same record again, later. Nothing is dropped; FFmpeg waits. */
export const onAppendRefused = (turn: Turn, reason: string): void => {
  turn.act({ _tag: 'Warn', reason: `the media log is full: ${reason}` })
  turn.set({ appending: false })
  send(turn)
}

/** Announces every closed segment that is not announced yet, to the archive and to whoever listens. */
export const announce = (turn: Turn): void => {
  for (const closed of turn.state.packager.unannounced) {
    const ticket = ticketOf(closed)
    if (closed.lastSeq === 0n || turn.state.announcing.has(ticket)) continue
    turn.set({ announcing: new Set(turn.state.announcing).add(ticket) })
    const { id } = turn.state.config
    turn.act({ _tag: 'Publish', ticket, subject: subjects.segments(id), data: toBinary(SegmentClosedSchema, closed) })
    const event = create(StreamEventSchema, { eventId: `${id}/${ticket}`, streamId: id, atMs: closed.programDateTimeMs, event: { case: 'segmentReady', value: closed } })
    turn.act({ _tag: 'Publish', ticket: '', subject: subjects.event(id, 'segment_ready'), data: toBinary(StreamEventSchema, event) })
  }
}

const ticketOf = ({ rendition, msn }: SegmentClosed): string => `${rendition}/${msn}`

export const onPublished = (turn: Turn, ticket: string): void => {
  if (!turn.state.announcing.has(ticket)) return
  const { packager, announcing } = turn.state
  const left = new Set(announcing)
  left.delete(ticket)
  turn.set({ announcing: left, packager: { ...packager, unannounced: packager.unannounced.filter((closed) => ticketOf(closed) !== ticket) } })
}

/** Ends every segment; what follows is another run of FFmpeg, or with `replaceInits` the same frames of another FFmpeg. */
export const enqueueDiscontinuity = (turn: Turn, reason: string, begin = discontinue): void => {
  const ended = endSegments(turn.state.packager, optionsOf(turn))
  const { packager, msn } = begin(ended)
  turn.set({ packager })
  enqueue(turn, { case: 'discontinuity', value: create(DiscontinuitySchema, { msn, reason }) })
}

/** Shows that the stream goes on elsewhere in its source, where nothing is published since the last discontinuity that could be cut off. */
export const enqueueMark = (turn: Turn, reason: string): void =>
  enqueue(turn, { case: 'discontinuity', value: create(DiscontinuitySchema, { msn: Math.max(0, ...turn.state.packager.tracks.map(({ msn }) => msn)), reason }) })

/** Ends the recording with what is whole. */
export const enqueueEnd = (turn: Turn, reason: EndReason, detail: string): void => {
  const packager = endSegments(turn.state.packager, optionsOf(turn))
  turn.set({ packager })
  const duration = Math.max(0, timelineEnd(packager) - (turn.state.beginTicks ?? timelineEnd(packager)))
  const renditions = packager.tracks.filter(({ frames }) => frames > 0).map((track) => ({ $typeName: 'millrace.v1.RenditionEnd' as const, rendition: track.name, segments: track.msn, frames: BigInt(track.frames) }))
  enqueue(turn, { case: 'end', value: create(MediaEndSchema, { reason, detail, renditions, durationMs: BigInt(Math.round(duration / TICKS_PER_MS)) }) })
}

/**
 * A quiet stream shows that it is there, and keeps its checkpoint near the log's tail. Not while the header of a source
 * that began anew is gathered: until then only the old one and its point make a place to resume; nor, unless it gives
 * room back, while the log has next to none.
 */
export const enqueueTick = (turn: Turn, gaveUp = false): void => {
  const { appending, outgoing, closing, run, space } = turn.state
  if (space.outbox >= SESSIONS_SHARE_MAX && !gaveUp) return turn.act({ _tag: 'SetTimer', timer: 'tick', after_ms: TICK_MS })
  if (appending || outgoing.length > 0 || closing !== 'No' || (run?.inMiddle === true && run.phase === 'Gathering')) return
  enqueue(turn, { case: 'tick', value: create(TickSchema, {}) })
}

/** Tells everyone of renditions and losses when they change. */
const describe = (turn: Turn): void => {
  const described = turn.state.packager.tracks.filter(({ frames }) => frames > 0).map(({ name, init }) => `${name}/${init.info.codec}/${init.info.width ?? 0}`).join() + `/${turn.state.stored?.losses.length ?? 0}/${turn.state.stored?.lostChunks ?? 0n}/${turn.state.stored?.poisonChunks ?? 0n}`
  if (described === turn.state.described || turn.state.stored === undefined) return
  turn.set({ described })
  turn.act({ _tag: 'Describe', status: StreamStatus.LIVE, reason: '', record: recordOf(turn.state.stored, { case: undefined }), final: false })
}
