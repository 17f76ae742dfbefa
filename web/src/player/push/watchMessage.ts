/** Text frames of `/ws/watch/{id}`. Pure. */
import { isRecord, parseJson, readNumber, readText } from '../../api/json.ts'

/** Picture or sound. */
export type TrackKind = 'video' | 'audio'

/** An encoded output, as the socket lists them; its place in the list is its number in binary frames. */
export interface WatchRendition {
  readonly name: string
  readonly kind: TrackKind
  readonly width: number
  readonly height: number
  /** Bits per second; 0 where it is not known. */
  readonly bandwidth: number
}

/** A message from the edge. */
export type WatchMessage =
  | { readonly type: 'state'; readonly state: 'waiting' | 'live' | 'reconnecting' | 'ended' | 'failed'; readonly reason: string }
  | { readonly type: 'renditions'; readonly renditions: ReadonlyArray<WatchRendition> }
  | { readonly type: 'rendition'; readonly name: string }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: string; readonly message: string }

const states = ['waiting', 'live', 'reconnecting', 'ended', 'failed'] as const

const readRendition = (value: unknown): WatchRendition => {
  const fields = isRecord(value) ? value : {}
  return {
    name: readText(fields['name']),
    kind: fields['kind'] === 'audio' ? 'audio' : 'video',
    width: readNumber(fields['width']) ?? 0,
    height: readNumber(fields['height']) ?? 0,
    bandwidth: readNumber(fields['bandwidth']) ?? 0,
  }
}

/** Reads a text frame; `undefined`: it is none that is known here. */
export const readMessage = (text: string): WatchMessage | undefined => {
  const message = parseJson(text)
  if (!isRecord(message)) return undefined
  switch (message['type']) {
    case 'state': {
      const state = states.find((known) => known === message['state'])
      return state && { type: 'state', state, reason: readText(message['reason']) }
    }
    case 'renditions':
      return Array.isArray(message['renditions']) ? { type: 'renditions', renditions: message['renditions'].map(readRendition) } : undefined
    case 'rendition':
      return { type: 'rendition', name: readText(message['name']) }
    case 'pong':
      return { type: 'pong' }
    case 'error':
      return { type: 'error', code: readText(message['code']), message: readText(message['message']) }
    default:
      return undefined
  }
}
