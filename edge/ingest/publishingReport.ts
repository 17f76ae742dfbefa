import { Effect, Layer } from 'effect'
import { Nodes } from '../../runtime/Nodes.ts'
import { IngestSessions } from './IngestSessions.ts'

/** Each heartbeat tells whose publishers this edge hears: an edge that is killed hears nobody, as soon as its lease is over. */
export const publishingReport = Layer.effectDiscard(
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const sessions = yield* IngestSessions
    const forget = nodes.beforeBeat(() => {
      nodes.report.publishing = sessions.publishing()
    })
    yield* Effect.addFinalizer(() => Effect.sync(forget))
  })
)
