import { Schema } from 'effect'
import type { Answer } from './answer.ts'

/** A request that gets a problem document (RFC 9457) instead of what it asked for. */
export class Problem extends Schema.TaggedError<Problem>()('Problem', {
  status: Schema.Number,
  /** Last part of the problem's type URI. */
  kind: Schema.String,
  title: Schema.String,
  /** For people; holds nothing secret and nothing that the client sent unchecked. */
  detail: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String)
}) {}

const problem = (status: number, kind: string, title: string) => (detail: string, headers: Readonly<Record<string, string>> = {}): Problem =>
  new Problem({ status, kind, title, detail, headers })

/** What was sent cannot be meant. */
export const badRequest = problem(400, 'bad-request', 'Bad request')
/** Nothing has that address. */
export const notFound = problem(404, 'not-found', 'Not found')
/** The address knows other methods only. */
export const methodRefused = (allow: string): Problem => problem(405, 'method-not-allowed', 'Method not allowed')(`allowed: ${allow}`, { Allow: allow })
/** The path and query are longer than any that this server gives out. */
export const urlTooLong = problem(414, 'uri-too-long', 'URI too long')
/** No byte of the range is there. */
export const rangeRefused = (bytes: number): Problem => problem(416, 'range-not-satisfiable', 'Range not satisfiable')(`there are ${bytes} bytes`, { 'Content-Range': `bytes */${bytes}` })
/** A defect of ours; the log says more. */
export const failed = (): Problem => problem(500, 'internal-error', 'Internal error')('the request could not be handled')
/** Not now; again after so many seconds. */
export const unavailable = (detail: string, retryAfter_s = 1): Problem =>
  problem(503, 'unavailable', 'Service unavailable')(detail, { 'Retry-After': String(retryAfter_s) })

/** The problem document (RFC 9457 §3) as an answer. */
export const problemAnswer = ({ status, kind, title, detail, headers }: Problem): Answer => ({
  status,
  headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
  body: [Buffer.from(JSON.stringify({ type: `urn:millrace:problem:${kind}`, title, status, detail }))]
})
