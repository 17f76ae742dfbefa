import { Result, Schema } from 'effect'
import { ID_RULE, isId } from '../../runtime/ids.ts'
import { isMimeType } from './mimeType.ts'
import { FRAME_SEQ_MAX, TEXT_BYTES_MAX, TITLE_LENGTH_MAX } from './limits.ts'

/** Control characters (a database refuses NUL), those that turn the direction of what is around them, and halves of surrogate pairs (no UTF-8 has them). */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u

const text = (max: number, name: string) =>
  Schema.String.check(
    Schema.makeFilter((value: string) => value.length <= max || `${name} is longer than ${max} characters`),
    Schema.makeFilter((value: string) => !UNPRINTABLE.test(value) || `${name} holds control characters`)
  )

const RecordingId = Schema.String.check(
  Schema.makeFilter((value: string) => isId(value) || `recordingId ${ID_RULE}`)
)
const MimeType = text(200, 'mimeType').check(
  Schema.makeFilter((value: string) => isMimeType(value) || 'mimeType must be video/webm, video/x-matroska, video/mp4, audio/webm or audio/mp4')
)
const Secret = text(200, 'publisherToken')

const Start = Schema.Struct({
  type: Schema.Literal('start'),
  recordingId: Schema.optionalKey(RecordingId),
  publisherToken: Schema.optionalKey(Secret),
  title: Schema.optionalKey(text(TITLE_LENGTH_MAX, 'title')),
  mimeType: Schema.optionalKey(MimeType),
  streamKey: Schema.optionalKey(text(200, 'streamKey'))
})

const Count = (maximum: number, minimum = 0) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** What a publisher says who has heard no ack yet. */
const NONE_ACKED = -1

const Resume = Schema.Struct({
  type: Schema.Literal('resume'),
  recordingId: RecordingId,
  epoch: Count(0xffff_ffff),
  acked: Schema.optionalKey(Schema.Struct({ seq: Count(FRAME_SEQ_MAX, NONE_ACKED), bytes: Count(Number.MAX_SAFE_INTEGER) })),
  publisherToken: Secret,
  streamKey: Schema.optionalKey(text(200, 'streamKey'))
})

/** What a publisher may say in a text frame. */
export const ClientMessage = Schema.Union([
  Start,
  Resume,
  Schema.Struct({ type: Schema.Literal('stop') }),
  Schema.Struct({ type: Schema.Literal('ping') })
])
export type ClientMessage = typeof ClientMessage.Type
export type Start = typeof Start.Type
export type Resume = typeof Resume.Type

/** What the edge says to a publisher. `duration` in ms; `bytes` of an ack counts the epoch's bytes that are durable. */
export type ServerMessage =
  | {
      readonly type: 'started'
      readonly recordingId: string
      readonly status: 'live'
      readonly epoch: number
      readonly streamPrefix: string
      readonly nextSeq: number
      readonly publisherToken: string
    }
  | { readonly type: 'resumed'; readonly epoch: number; readonly nextSeq: number }
  | { readonly type: 'ack'; readonly seq: number; readonly bytes: number }
  | {
      readonly type: 'stopped'
      readonly recordingId: string
      readonly status: 'ended'
      readonly duration: number
      readonly segmentsUploaded: number
      readonly bytesUploaded: number
    }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  | { readonly type: 'streamStarted'; readonly recordingId: string; readonly title: string }
  | { readonly type: 'streamEnded'; readonly recordingId: string }
  /** Viewers of the publisher's own stream at this edge, and how many there are at all of them. */
  | { readonly type: 'viewerJoined' | 'viewerLeft'; readonly recordingId: string; readonly viewerId: string; readonly viewerCount: number }
  | { readonly type: 'viewerCount'; readonly recordingId: string; readonly viewerCount: number }

const TYPES: ReadonlySet<unknown> = new Set(['start', 'resume', 'stop', 'ping'])
const Typed = Schema.Struct({ type: Schema.Unknown })

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeTyped = Schema.decodeUnknownResult(Typed)
const decodeMessage = Schema.decodeUnknownResult(ClientMessage)

/** Reads a text frame; the failure is a sentence for the publisher. */
export const parseClientMessage = (frame: string): Result.Result<ClientMessage, string> => {
  if (frame.length > TEXT_BYTES_MAX) return Result.fail(`a text message may have ${TEXT_BYTES_MAX} bytes`)
  const json = decodeJson(frame)
  if (Result.isFailure(json)) return Result.fail('the text message is not JSON')
  const typed = decodeTyped(json.success)
  if (Result.isFailure(typed)) return Result.fail('the message has no "type"')
  if (!TYPES.has(typed.success.type)) return Result.fail('unknown message type; known are start, resume, stop and ping')
  const message = decodeMessage(json.success)
  if (Result.isFailure(message)) return Result.fail(firstLines(message.failure.message))
  return Result.succeed(message.success)
}

const MESSAGE_LENGTH_MAX = 200

/** What the schema says, on one line and bounded, since it may quote what came. */
const firstLines = (message: string): string => message.replace(/\s+/g, ' ').slice(0, MESSAGE_LENGTH_MAX)
