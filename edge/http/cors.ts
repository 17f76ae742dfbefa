/**
 * The headers that let a page of `origin` read an answer (Fetch standard, CORS protocol). Nothing here needs cookies,
 * so credentials are never allowed, and `*` may mean any origin.
 */
export const corsHeaders = (allowed: ReadonlyArray<string>, origin: string): Readonly<Record<string, string>> => {
  if (allowed.includes('*')) return { 'Access-Control-Allow-Origin': '*', ...EXPOSED }
  if (origin !== '' && allowed.includes(origin)) return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin', ...EXPOSED }
  return { Vary: 'Origin' }
}

const EXPOSED = { 'Access-Control-Expose-Headers': 'Content-Length, Content-Range, ETag, Retry-After', 'Timing-Allow-Origin': '*' }

/** Further headers of the answer to a preflight request. */
export const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'Range, If-None-Match, Last-Event-ID',
  'Access-Control-Max-Age': '86400'
}
