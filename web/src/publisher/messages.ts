/** What a page says to `/ws/stream`, and what it reads of the answers. Pure. */
import type { Acked } from './epochs.ts'
import { TITLE_LENGTH_MAX } from './limits.ts'

/** Path of the ingest socket. */
export const ingestPath = '/ws/stream'

/** What is said in text frames. */
export type ClientMessage =
  | { readonly type: 'start'; readonly recordingId: string; readonly publisherToken: string; readonly title: string; readonly mimeType: string }
  | { readonly type: 'resume'; readonly recordingId: string; readonly publisherToken: string; readonly epoch: number; readonly acked: Acked }
  | { readonly type: 'stop' }
  | { readonly type: 'ping' }

/** What the edge says, as far as this page heeds it. */
export type EdgeMessage =
  | { readonly type: 'started'; readonly recordingId: string; readonly epoch: number; readonly nextSeq: number }
  | { readonly type: 'resumed'; readonly epoch: number; readonly nextSeq: number }
  | { readonly type: 'ack'; readonly seq: number; readonly bytes: number }
  | { readonly type: 'stopped'; readonly duration: number }
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  | { readonly type: 'viewerCount' | 'viewerJoined' | 'viewerLeft'; readonly recordingId: string; readonly viewerCount: number }
  | { readonly type: 'other' }

const other: EdgeMessage = { type: 'other' }

const parse = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** Reads a text frame. What this page does not know, or cannot read, is `other`. */
export const readEdgeMessage = (text: string): EdgeMessage => {
  const { type, recordingId, epoch, nextSeq, seq, bytes, duration, code, message, viewerCount } = parse(text) ?? {}
  switch (type) {
    case 'started':
      return typeof recordingId === 'string' && isCount(epoch) && isCount(nextSeq) ? { type, recordingId, epoch, nextSeq } : other
    case 'resumed':
      return isCount(epoch) && isCount(nextSeq) ? { type, epoch, nextSeq } : other
    case 'ack':
      return isCount(seq) && isCount(bytes) ? { type, seq, bytes } : other
    case 'stopped':
      return { type, duration: isCount(duration) ? duration : 0 }
    case 'error':
      return { type, code: isCount(code) ? code : 0, message: typeof message === 'string' ? message : '' }
    case 'viewerCount':
    case 'viewerJoined':
    case 'viewerLeft':
      return typeof recordingId === 'string' && isCount(viewerCount) ? { type, recordingId, viewerCount } : other
    default:
      return other
  }
}

/** How many watch that stream, at all edges, where a message says so. */
export const viewersIn = (message: EdgeMessage, id: string): number | undefined =>
  'viewerCount' in message && message.recordingId === id ? message.viewerCount : undefined

const unprintable = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]+/gu

/** A title as the edge takes it: without control characters, those that turn its direction and halves of surrogate pairs, and not too long. */
export const cleanTitle = (typed: string): string => typed.replace(unprintable, ' ').trim().slice(0, TITLE_LENGTH_MAX).replace(/\p{Cs}$/u, '').trim()
