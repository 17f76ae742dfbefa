import { Result, Schema } from 'effect'
import { isRenditionName } from '../../actors/playlist/mediaNames.ts'
import type { ListedRendition } from './renditions.ts'
import { TEXT_BYTES_MAX } from './limits.ts'

/** What the edge chooses by what the viewer's connection takes. */
export const AUTO = 'auto'

/** What a viewer hears of a stream that is not over. `reconnecting`: its publisher is away, within its window. */
export type LiveState = 'waiting' | 'live' | 'reconnecting'
/** How a stream is over, and why it failed, for people. */
export interface Over {
  readonly state: 'ended' | 'failed'
  readonly reason?: string
}

/** Why a video rendition is sent from here on. */
export type SwitchReason = 'start' | 'asked' | 'slow' | 'recovered'

/** What the edge says to a viewer in text frames. Times in ms since 1970. */
export type ServerMessage =
  | { readonly type: 'state'; readonly state: LiveState }
  | ({ readonly type: 'state' } & Over)
  | { readonly type: 'renditions'; readonly renditions: ReadonlyArray<ListedRendition> }
  | { readonly type: 'rendition'; readonly name: string; readonly mode: 'auto' | 'fixed'; readonly reason: SwitchReason }
  | { readonly type: 'skipped'; readonly from_ms: number; readonly to_ms: number }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: 'badMessage' | 'tooManyMessages' | 'unknownRendition'; readonly message: string }

/** What a viewer may say. */
export type ClientMessage = { readonly type: 'rendition'; readonly name: string } | { readonly type: 'ping' }

/** Why the edge closes a viewer's socket. */
export const CLOSE = { over: 1000, goingAway: 1001, defect: 1011, tryLater: 1013, badMessage: 4400, originRefused: 4403, unknownStream: 4404 } as const

const Message = Schema.Union([Schema.Struct({ type: Schema.Literal('rendition'), name: Schema.String }), Schema.Struct({ type: Schema.Literal('ping') })])
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Message))

/** Reads a text frame; the failure is a sentence for the viewer. A name that no rendition can have is the stream's to refuse. */
export const parseClientMessage = (text: string): Result.Result<ClientMessage, string> => {
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return Result.fail(`a message may have ${TEXT_BYTES_MAX} bytes`)
  const message = decode(text)
  return Result.isFailure(message) ? Result.fail('a viewer may send {"type":"rendition","name":…} and {"type":"ping"}') : Result.succeed(message.success)
}

/** A rendition's name in a sentence; what can be none is not repeated. */
export const shownName = (name: string): string => (isRenditionName(name) ? `"${name}"` : 'that name')
