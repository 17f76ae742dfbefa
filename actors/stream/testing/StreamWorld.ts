import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ChunkSchema, EndReason, IngestEndSchema, IngestRecordSchema, JoinedFrameSchema, type IngestRecord, OpenSchema } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import { type StreamEvent, StreamEventSchema } from '../../../proto/gen/millrace/v1/event_pb.js'
import type { MediaRecord } from '../../../proto/gen/millrace/v1/media_pb.js'
import { type SegmentClosed, SegmentClosedSchema } from '../../../proto/gen/millrace/v1/segment_pb.js'
import type { Owned, RecordStamp } from '../../../runtime/ActorKind.ts'
import { crc32c } from '../../../runtime/checksum.ts'
import type { LogEntry } from '../../../runtime/Log.ts'
import { decideTakeOver } from '../../../runtime/takeOver.ts'
import type { FfmpegEvent } from '../../ffmpeg/FfmpegChild.ts'
import type { Recording } from '../../testing/recordings.ts'
import { decideStream } from '../behavior.ts'
import { mediaCodec } from '../mediaCodec.ts'
import { beginStream } from '../StreamActor.ts'
import { defaultStreamSettings } from '../StreamSettings.ts'
import type { Action, Message, StreamConfig, StreamState } from '../streamState.ts'
import { SimulatedFfmpeg } from './simulatedFfmpeg.ts'

/** A record of the made-up MEDIA log. */
export interface StoredRecord {
  readonly seq: number
  readonly record: MediaRecord
}

type Of<Tag extends Action['_tag']> = Extract<Action, { readonly _tag: Tag }>

/** Begins a publisher's inbox: its records in order, sequences from 1. */
export class Inbox {
  readonly entries: Array<LogEntry> = []
  #epoch = -1
  #seq = 0
  #offset = 0

  add(body: IngestRecord['body']): LogEntry {
    const seq = this.entries.length + 1
    const entry: LogEntry = { seq, subject: 'ingest.s', time_ms: seq, data: toBinary(IngestRecordSchema, create(IngestRecordSchema, { receivedAtMs: 1_700_000_000_000n, body })) }
    this.entries.push(entry)
    return entry
  }

  open(mimeType: string): LogEntry {
    ;[this.#epoch, this.#seq, this.#offset] = [this.#epoch + 1, 0, 0]
    return this.add({ case: 'open', value: create(OpenSchema, { session: this.#epoch + 1, epoch: this.#epoch, mimeType }) })
  }

  /** The publisher comes back and goes on. */
  resume(mimeType: string): void {
    this.add({ case: 'open', value: create(OpenSchema, { session: this.entries.length, epoch: this.#epoch, nextSeq: this.#seq, nextOffset: BigInt(this.#offset), mimeType }) })
  }

  /** A chunk, in pieces where it is longer than `pieceBytes`. */
  chunk(bytes: Uint8Array, pieceBytes = Number.POSITIVE_INFINITY): void {
    const pieces = Math.max(1, Math.ceil(bytes.byteLength / pieceBytes))
    for (let piece = 0; piece < pieces; piece += 1) {
      const data = pieces === 1 ? bytes : bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)
      this.add({ case: 'chunk', value: create(ChunkSchema, { epoch: this.#epoch, seq: this.#seq, piece, pieces, offset: BigInt(this.#offset), crc32c: crc32c(data), data }) })
      this.#offset += data.byteLength
    }
    this.#seq += 1
  }

  /** Several chunks in one record. */
  joined(chunks: ReadonlyArray<Uint8Array>): void {
    const data = Buffer.concat(chunks)
    const joined = chunks.map(({ byteLength }, index) => create(JoinedFrameSchema, { bytes: byteLength, afterMs: index }))
    this.add({ case: 'chunk', value: create(ChunkSchema, { epoch: this.#epoch, seq: this.#seq, pieces: 1, offset: BigInt(this.#offset), crc32c: crc32c(data), data, joined }) })
    this.#offset += data.byteLength
    this.#seq += chunks.length
  }

  end(reason = EndReason.STOPPED): LogEntry {
    return this.add({ case: 'end', value: create(IngestEndSchema, { reason }) })
  }
}

/** An inbox with one whole recording. */
export const inboxOf = (recording: Recording, pieceBytes?: number): Inbox => {
  const inbox = new Inbox()
  inbox.open(recording.mimeType)
  for (const { bytes } of recording.chunks) inbox.chunk(bytes, pieceBytes)
  inbox.end()
  return inbox
}

/** The same with so many chunks in each record. */
export const joinedInboxOf = (recording: Recording, each: number): Inbox => {
  const inbox = new Inbox()
  inbox.open(recording.mimeType)
  for (let i = 0; i < recording.chunks.length; i += each) inbox.joined(recording.chunks.slice(i, i + each).map(({ bytes }) => bytes))
  inbox.end()
  return inbox
}

/** A stream actor with logs and an FFmpeg that are made up; whoever drives it says what happens next. */
export class StreamWorld {
  readonly inbox: Inbox
  readonly media: Array<StoredRecord> = []
  readonly announced: Array<SegmentClosed> = []
  /** Every message and its actions, for comparison. */
  readonly trace: Array<readonly [string, ReadonlyArray<Action>]> = []
  readonly config: Omit<StreamConfig, 'token' | 'resumeSeq'>
  state: StreamState
  done: Of<'Finish'> | Of<'Release'> | Of<'Restart'> | undefined
  now_ms = 0
  token = 0
  /** Of the FFmpeg that owners start from now on. */
  ffmpegVersion = ''
  delivered = 0
  wantsMore = false
  appending: Of<'Append'> | undefined
  publishing: Array<Of<'Publish'>> = []
  describing: Array<Of<'Describe'>> = []
  events: Array<{ readonly run: number; readonly event: FfmpegEvent }> = []
  timers = new Set<string>()
  described: Array<Of<'Describe'>> = []
  warnings: Array<string> = []
  readonly told: Array<StreamEvent> = []
  parking: Array<Of<'Park'>> = []
  readonly parked: Array<Of<'Park'>> = []
  /** Source times (90 kHz) of pictures on which FFmpeg crashes. */
  poison: ReadonlySet<number> = new Set()
  #owned: Owned<MediaRecord> | undefined
  #moved = false
  #child: { readonly run: number; readonly ffmpeg: SimulatedFfmpeg } | undefined

  constructor(inbox: Inbox, settings: Partial<StreamConfig['settings']> = {}, messageBytesMax = 8 * 1024 * 1024) {
    this.inbox = inbox
    this.config = { id: 's', settings: { ...defaultStreamSettings, ...settings }, messageBytesMax }
    this.state = this.#takeOver()
  }

  /** Another owner takes the stream over; what the old one had on its way is gone. */
  takeOver(broke?: string): void {
    this.state = this.#takeOver(broke)
  }

  #takeOver(broke?: string): StreamState {
    const head = this.media.at(-1)
    const step = decideTakeOver(mediaCodec, head, this.token + 1, broke === undefined ? undefined : { reason: broke, token: this.token })
    if (step._tag === 'Superseded') throw new Error('a newer owner has written')
    this.token = this.#store(step.record, { ...step.stamp, node: 'n', writtenAt_ms: 0 })
    Object.assign(this, { done: undefined, appending: undefined, publishing: [], describing: [], parking: [], events: [], wantsMore: true, delivered: step.stamp.resumeSeq - 1 })
    this.timers = new Set()
    this.#child = undefined
    this.#moved = false
    this.#owned = { id: 's', token: this.token, head: head?.record, resumeSeq: step.stamp.resumeSeq, attempts: step.stamp.attempts, brokenBy: step.stamp.brokenBy ?? '' }
    const begun = beginStream({ ...this.config, token: this.token, resumeSeq: step.stamp.resumeSeq }, this.#owned, this.now_ms)
    this.state = begun.state
    for (const action of begun.actions) this.#perform(action)
    return begun.state
  }

  /** The actor hears a message, and its actions are performed. */
  send(message: Message): ReadonlyArray<Action> {
    this.now_ms += 1
    const { state, actions } = decideStream(this.state, message, this.now_ms)
    this.state = state
    this.trace.push([message._tag, actions])
    for (const action of actions) this.#perform(action)
    return actions
  }

  /** Events of one kind. */
  heard<Kind extends StreamEvent['event']['case']>(kind: Kind) {
    return this.told.flatMap(({ event }) => (event.case === kind ? [{ event: event as Extract<StreamEvent['event'], { readonly case: Kind }> }] : []))
  }

  /** The next entry of the inbox comes. */
  deliver(): ReadonlyArray<Action> {
    const entry = this.inbox.entries[this.delivered]
    if (entry === undefined) throw new Error('the inbox has no more')
    this.delivered += 1
    this.wantsMore = false
    return this.send({ _tag: 'Delivered', entry })
  }

  /** The record on its way is stored. */
  append(): ReadonlyArray<Action> {
    return this.send({ _tag: 'Appended', seq: this.land() })
  }

  /** The log is full. */
  refuse(): ReadonlyArray<Action> {
    this.appending = undefined
    return this.send({ _tag: 'AppendRefused', reason: 'it is full' })
  }

  /** The record on its way is in the log, but nobody has heard of it yet. */
  land(): number {
    const action = this.appending
    if (action === undefined) throw new Error('nothing is on its way')
    this.appending = undefined
    this.#moved ||= mediaCodec.isProgress(action.record)
    const { attempts, brokenBy } = this.#moved || this.#owned === undefined ? { attempts: 0, brokenBy: '' } : this.#owned
    return this.#store(action.record, { leaseRevision: this.token, resumeSeq: action.resumeSeq, attempts, brokenBy: brokenBy ?? '', fencingToken: this.token, node: 'n', writtenAt_ms: 0 })
  }

  #store(record: MediaRecord, stamp: RecordStamp): number {
    const seq = (this.media.at(-1)?.seq ?? 0) + 1
    const data = mediaCodec.encode(record, stamp)
    if (data.byteLength > this.config.messageBytesMax) throw new Error(`a record of ${data.byteLength} bytes`)
    this.media.push({ seq, record: mediaCodec.decode(data, seq) })
    return seq
  }

  #perform(action: Action): void {
    switch (action._tag) {
      case 'Spawn':
        this.#child = { run: action.run, ffmpeg: new SimulatedFfmpeg(action.plan, this.poison, this.ffmpegVersion) }
        this.events = []
        return
      case 'Feed':
        return this.#hear(action.run, this.#child?.ffmpeg.feed(action.bytes))
      case 'EndInput':
        return this.#hear(action.run, this.#child?.ffmpeg.end())
      case 'Append':
        if (this.appending !== undefined) throw new Error('two records are on their way')
        this.appending = action
        return
      case 'Publish':
        if (action.ticket !== '') this.#announce(fromBinary(SegmentClosedSchema, action.data))
        if (action.subject.startsWith('events.')) this.told.push(fromBinary(StreamEventSchema, action.data))
        this.publishing.push(action)
        return
      case 'EndIngest':
        if (action.ifHead === undefined || action.ifHead === this.inbox.entries.length) this.inbox.end(action.reason)
        return
      case 'Describe':
        this.described.push(action)
        this.describing.push(action)
        return
      case 'Park':
        this.parking.push(action)
        return
      case 'Warn':
        this.warnings.push(action.reason)
        return
      case 'More':
        this.wantsMore = true
        return
      case 'SetTimer':
        this.timers.add(action.timer)
        return
      case 'Finish':
      case 'Release':
      case 'Restart':
        this.done ??= action
    }
  }

  #hear(run: number, events: ReadonlyArray<FfmpegEvent> = []): void {
    if (run !== this.#child?.run) throw new Error('an FFmpeg that has gone is fed')
    this.events.push(...events.map((event) => ({ run, event })))
  }

  #announce(closed: SegmentClosed): void {
    const newest = this.media.at(-1)?.seq ?? 0
    if (closed.firstSeq === 0n || closed.lastSeq < closed.firstSeq || Number(closed.lastSeq) > newest) throw new Error(`${closed.rendition} ${closed.msn} is announced before it is stored`)
    this.announced.push(closed)
  }
}
