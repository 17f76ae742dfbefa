import type { Effect } from 'effect'
import { crc32c } from '../../runtime/checksum.ts'
import type { Outflow } from './Outflow.ts'

/** An answer to be sent. The body's chunks are sent as they are, one after another, without being put together. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ReadonlyArray<Uint8Array>
  /** What is sent in place of a body, for as long as this runs; it is interrupted when the client goes away. */
  readonly live?: (flow: Outflow) => Effect.Effect<void>
}

/** For what never changes under its URL. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'
/** For what changes with every moment. */
export const NO_STORE = 'no-store'
/** For what may be kept, but asked about each time. */
export const REVALIDATE = 'no-cache'

/** 200 with a body that is already in memory. */
export const bytesAnswer = (body: ReadonlyArray<Uint8Array>, contentType: string, cacheControl: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': contentType, 'Cache-Control': cacheControl },
  body
})

/** 200 with a text in UTF-8. */
export const textAnswer = (text: string, contentType: string, cacheControl: string): Answer => bytesAnswer([Buffer.from(text)], contentType, cacheControl)

/** 200 with JSON that is not to be kept. */
export const jsonAnswer = (value: unknown, status = 200): Answer => ({ ...textAnswer(JSON.stringify(value), 'application/json', NO_STORE), status })

/** 302 to another path of this server. */
export const redirect = (location: string): Answer => ({ status: 302, headers: { Location: location, 'Cache-Control': NO_STORE }, body: [] })

/** A strong entity tag of some bytes. */
export const entityTag = (bytes: Uint8Array): string => `"${bytes.byteLength.toString(36)}-${crc32c(bytes).toString(36)}"`

/** The answer with an entity tag, or 304 where the client has those bytes (RFC 9110 §13.1.2). */
export const revalidated = (answer: Answer, tag: string, ifNoneMatch: string): Answer => {
  const headers = { ...answer.headers, ETag: tag }
  const has = ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*')
  return has ? { status: 304, headers, body: [] } : { ...answer, headers }
}

/** The server's headers and the answer's own, which come first; what either varies with is named. */
export const joinHeaders = (server: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const vary = [server['Vary'], own['Vary']].filter((names) => names !== undefined).join(', ')
  return { ...server, ...own, ...(vary === '' ? {} : { Vary: vary }) }
}
