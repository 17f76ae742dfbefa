import { fromBinary } from '@bufbuild/protobuf'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { type StreamEvent, StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { describeLoss } from '../http/describeStream.ts'

/** An event of the log, as clients get it. */
export interface EventMessage {
  /** Sequence in the log. */
  readonly seq: number
  readonly streamId: string
  readonly kind: string
  /** JSON on one line. */
  readonly text: string
  /** The same as a server-sent event. */
  readonly block: Uint8Array
}

/** Reads an entry of EVENTS; undefined where it is none of a known kind. */
export const readEvent = (entry: LogEntry): EventMessage | undefined => {
  const event = decode(entry.data)
  const told = event === undefined ? undefined : fieldsOf(event.event)
  if (event === undefined || told === undefined) return undefined
  const [kind, fields] = told
  const text = JSON.stringify({ type: 'event', id: String(entry.seq), recordingId: event.streamId, kind, at: isoTime(Number(event.atMs)), ...fields })
  return { seq: entry.seq, streamId: event.streamId, kind, text, block: Buffer.from(`id: ${entry.seq}\nevent: ${kind}\ndata: ${text}\n\n`) }
}

const decode = (data: Uint8Array): StreamEvent | undefined => {
  try {
    return fromBinary(StreamEventSchema, data)
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (event: StreamEvent['event']): readonly [kind: string, fields: Fields] | undefined => {
  switch (event.case) {
    case 'streamStarted':
      return ['stream_started', { title: event.value.title }]
    case 'segmentReady': {
      const { rendition, msn, duration, timescale, programDateTimeMs, frames, bytes, discontinuities } = event.value
      const duration_ms = Math.round((Number(duration) * 1_000) / Math.max(1, timescale))
      return ['segment_ready', { rendition, number: msn, duration_ms, startedAt: isoTime(Number(programDateTimeMs)), frames, bytes: Number(bytes), discontinuities }]
    }
    case 'streamEnded':
      return ['stream_ended', { ...(REASONS[event.value.reason] === undefined ? {} : { reason: REASONS[event.value.reason] }), ...(event.value.durationMs > 0n ? { duration_ms: Number(event.value.durationMs) } : {}) }]
    case 'streamFailed':
      return ['stream_failed', { reason: event.value.reason }]
    case 'publisherConnected':
      return ['publisher_connected', { session: event.value.session, epoch: event.value.epoch }]
    case 'publisherDisconnected':
      return ['publisher_disconnected', { session: event.value.session }]
    case 'recordingReady':
      return ['recording_ready', { duration_ms: Number(event.value.durationMs), segments: event.value.segments, bytes: Number(event.value.bytes) }]
    case 'loss': {
      // An event has a kind already.
      const { kind, ...loss } = describeLoss(event.value)
      return ['loss', { loss: kind, ...loss }]
    }
    case undefined:
      return undefined
  }
}

const REASONS: Readonly<Record<EndReason, string | undefined>> = {
  [EndReason.UNSPECIFIED]: undefined,
  [EndReason.STOPPED]: 'stopped',
  [EndReason.WINDOW_CLOSED]: 'windowClosed',
  [EndReason.FAILED]: 'failed'
}

const TIME_MS_MAX = 8_640_000_000_000_000

/** A time that no calendar has, which only a damaged record would say, is the beginning of ours. */
const isoTime = (ms: number): string => new Date(Math.abs(ms) <= TIME_MS_MAX ? ms : 0).toISOString()
