import { Context, Effect, Fiber, FiberSet, Layer, Schedule, Schema } from 'effect'
import type { Scope } from 'effect'
import { App, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js'
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket } from 'uWebSockets.js'
import { EdgeSettings } from '../EdgeSettings.ts'
import { RESPONSE_SWEEP_MS, URL_LENGTH_MAX } from '../limits.ts'
import type { Answer } from './answer.ts'
import { corsHeaders, PREFLIGHT } from './cors.ts'
import { Counters } from './Counters.ts'
import type { CounterName, CountersShape } from './Counters.ts'
import { Exchange } from './Exchange.ts'
import { failed, methodRefused, notFound, Problem, problemAnswer, urlTooLong } from './problems.ts'
import { rawQuery, readRequest } from './request.ts'
import type { Request } from './request.ts'

/** Nothing could be bound to the address: another program has the port, or the host is none of ours. */
export class AddressTaken extends Schema.TaggedError<AddressTaken>()('AddressTaken', { host: Schema.String, port: Schema.Number }) {}

/** Answers GET and HEAD. It is interrupted when the viewer goes away; its scope closes with the answer's last byte, where that goes on. */
export type Handler = (request: Request) => Effect.Effect<Answer, Problem, Scope.Scope>

/** Where the server listens. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly url: string
}

/** The edge's one HTTP and WebSocket server. Routes are added first; `listen` opens the port. */
export class HttpServer extends Context.Service<HttpServer, {
  /** For WebSocket routes. */
  readonly app: TemplatedApp
  /** Adds a route for GET and HEAD; `pattern` as uWebSockets.js reads it (`/live/:id/index.m3u8`). */
  readonly route: (pattern: string, handler: Handler) => void
  /** Answers whatever has no route, in place of 404. */
  readonly otherwise: (handler: Handler) => void
  /** Listens until the scope closes, which cuts all connections. */
  readonly listen: Effect.Effect<Address, AddressTaken, Scope.Scope>
}>()('millrace/edge/http/HttpServer') {
  static readonly layer = Layer.effect(
    HttpServer,
    Effect.gen(function* () {
      const settings = yield* EdgeSettings
      const counters = yield* Counters
      const run = yield* FiberSet.makeRuntime<never, void, never>()
      const exchanges = new Set<Exchange>()
      const app = yield* Effect.acquireRelease(Effect.sync(() => App()), (opened) => Effect.sync(() => opened.close()))
      const context: Server = { app, exchanges, counters, corsOrigins: settings.corsOrigins, run }
      let answerRest: Handler = () => Effect.fail(notFound('nothing has this address'))
      yield* Effect.forkScoped(Effect.repeat(Effect.sync(() => cutStalled(context)), Schedule.spaced(RESPONSE_SWEEP_MS)))
      app.any('/*', (res, req) => answerWith(context, res, req, 0, (request) => answerRest(request)))
      return HttpServer.of({
        app,
        route: (pattern, handler) => addRoute(context, pattern, handler),
        otherwise: (handler) => void (answerRest = handler),
        listen: listen(app, settings.host, settings.port)
      })
    })
  )
}

interface Server {
  readonly app: TemplatedApp
  readonly exchanges: Set<Exchange>
  readonly counters: CountersShape
  readonly corsOrigins: ReadonlyArray<string>
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void, never>
}

const METHODS = 'GET, HEAD, OPTIONS'

const addRoute = (server: Server, pattern: string, handler: Handler): void => {
  const parameters = pattern.split('/').filter((part) => part.startsWith(':')).length
  const handle = (res: HttpResponse, req: HttpRequest): void => answerWith(server, res, req, parameters, handler)
  server.app.get(pattern, handle)
  server.app.head(pattern, handle)
  server.app.options(pattern, (res, req) => answerWith(server, res, req, parameters, () => Effect.succeed({ status: 204, headers: PREFLIGHT, body: [] })))
  server.app.any(pattern, (res, req) => answerWith(server, res, req, parameters, () => Effect.fail(methodRefused(METHODS))))
}

const answerWith = (server: Server, res: HttpResponse, req: HttpRequest, parameters: number, handler: Handler): void => {
  const exchange: Exchange = new Exchange(res, () => server.exchanges.delete(exchange))
  server.exchanges.add(exchange)
  const tooLong = req.getUrl().length + rawQuery(req).length > URL_LENGTH_MAX
  const request = readRequest(res, req, parameters)
  const send = (answer: Answer): void => exchange.send(answer, serverHeaders(server, request), request.method !== 'HEAD', performance.now())
  if (tooLong) return send(refusal(server, urlTooLong(`at most ${URL_LENGTH_MAX} characters`)))
  const answered = Effect.suspend(() => handler(request)).pipe(
    Effect.catch((problem) => Effect.sync(() => refusal(server, problem))),
    Effect.catchDefect((defect) => Effect.as(Effect.logError('request failed', defect), refusal(server, failed()))),
    Effect.flatMap((answer) => (answer.live === undefined || request.method === 'HEAD' ? Effect.sync(() => send(answer)) : flow(exchange, answer, serverHeaders(server, request)))),
    Effect.scoped
  )
  const fiber = server.run(answered)
  exchange.onAbort(() => fiber.interruptUnsafe())
}

const flow = (exchange: Exchange, answer: Answer, headers: Readonly<Record<string, string>>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const begun = exchange.begin(answer, headers)
    return begun === undefined || answer.live === undefined ? Effect.void : answer.live(begun)
  }).pipe(
    Effect.catchDefect((defect) => Effect.logError('an answer broke off', defect)),
    Effect.ensuring(Effect.sync(() => exchange.finish()))
  )

const serverHeaders = ({ corsOrigins }: Server, { origin }: Request): Readonly<Record<string, string>> => ({
  'X-Content-Type-Options': 'nosniff',
  ...corsHeaders(corsOrigins, origin)
})

const COUNTED: Readonly<Record<number, CounterName>> = { 400: 'bad_request', 404: 'not_found', 405: 'method_refused', 414: 'url_too_long', 500: 'failed', 503: 'unavailable' }

const refusal = ({ counters }: Server, problem: Problem): Answer => {
  const name = COUNTED[problem.status]
  if (name) counters.count(name)
  return problemAnswer(problem)
}

const cutStalled = ({ exchanges, counters }: Server): void => {
  const now_ms = performance.now()
  for (const exchange of [...exchanges]) if (exchange.cutIfStalled(now_ms)) counters.count('viewer_stalled')
}

// The types know no host beside options, the program does; without EXCLUSIVE_PORT two servers would share a port and not say so.
interface ExclusiveListen {
  listen(host: string, port: number, options: number, opened: (socket: us_listen_socket | false) => void): void
}
const EXCLUSIVE_PORT = 1

const listen = (app: TemplatedApp, host: string, port: number): Effect.Effect<Address, AddressTaken, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<us_listen_socket, AddressTaken>((resume) => {
      const listener = app as unknown as ExclusiveListen
      listener.listen(host, port, EXCLUSIVE_PORT, (socket) => resume(socket ? Effect.succeed(socket) : Effect.fail(new AddressTaken({ host, port }))))
    }),
    (socket) => Effect.sync(() => us_listen_socket_close(socket))
  ).pipe(
    Effect.map((socket) => {
      const bound = us_socket_local_port(socket as unknown as us_socket)
      return { host, port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` }
    })
  )
