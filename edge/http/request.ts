import type { HttpRequest, HttpResponse, WebSocket } from 'uWebSockets.js'
import { isRenditionName } from '../../actors/playlist/mediaNames.ts'
import { ID_RULE, isId } from '../../runtime/ids.ts'
import { badRequest, notFound } from './problems.ts'
import type { Problem } from './problems.ts'
import { Effect } from 'effect'

/** What a handler may know of a request; copied, since the server's own object dies when its callback returns. */
export interface Request {
  readonly method: string
  readonly path: string
  /** Path parameters as they came, not decoded: nothing that needs decoding is ever valid. */
  readonly parameters: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly origin: string
  readonly range: string
  readonly ifNoneMatch: string
  readonly userAgent: string
  readonly lastEventId: string
  /** Network address of whoever asks: a proxy's, where there is one. */
  readonly address: string
  readonly accept: string
  readonly acceptEncoding: string
}

/** The query as it came; the program, unlike its types, says undefined where there is none. */
export const rawQuery = (req: HttpRequest): string => (req.getQuery() as string | undefined) ?? ''

/** Network address of the other side, as text. */
export const addressOf = (side: HttpResponse | WebSocket<unknown>): string => Buffer.from(side.getRemoteAddressAsText()).toString('latin1')

/** Copies what handlers may know. */
export const readRequest = (res: HttpResponse, req: HttpRequest, parameterCount: number): Request => ({
  method: req.getCaseSensitiveMethod(),
  path: req.getUrl(),
  parameters: Array.from({ length: parameterCount }, (_, index) => req.getParameter(index) ?? ''),
  query: new URLSearchParams(rawQuery(req)),
  origin: req.getHeader('origin'),
  range: req.getHeader('range'),
  ifNoneMatch: req.getHeader('if-none-match'),
  userAgent: req.getHeader('user-agent'),
  lastEventId: req.getHeader('last-event-id'),
  address: addressOf(res),
  accept: req.getHeader('accept'),
  acceptEncoding: req.getHeader('accept-encoding')
})

/** The path parameter at `index` as an id; fails with 400. */
export const idAt = (request: Request, index: number): Effect.Effect<string, Problem> => {
  const text = request.parameters[index] ?? ''
  return isId(text) ? Effect.succeed(text) : Effect.fail(badRequest(`an id ${ID_RULE}`))
}

/** The path parameter at `index` as a rendition's name; fails with 404, since no playlist gives another out. */
export const renditionAt = (request: Request, index: number): Effect.Effect<string, Problem> => {
  const text = request.parameters[index] ?? ''
  return isRenditionName(text) ? Effect.succeed(text) : Effect.fail(notFound('no rendition has such a name'))
}
