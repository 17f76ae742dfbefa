import { Effect, Layer } from 'effect'
import { PrometheusMetrics } from 'effect/observability'
import { NO_STORE, textAnswer } from './http/answer.ts'
import { HttpServer } from './http/HttpServer.ts'
import { Metrics, renderMetrics } from './Metrics.ts'

/** `GET /metrics`: what whoever registered in `Metrics` sees now, and what this process has counted. */
export const metricsRoute = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const metrics = yield* Metrics
    const text = Effect.zipWith(metrics.look, PrometheusMetrics.format(), (seen, counted) => renderMetrics(seen) + counted)
    server.route('/metrics', () => Effect.map(text, (body) => textAnswer(body, 'text/plain; version=0.0.4', NO_STORE)))
  })
)
