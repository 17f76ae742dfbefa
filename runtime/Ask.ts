import { Context, Effect, Layer, type Scope } from 'effect'
import { NatsError } from 'nats'
import { AskTimeout, NotActive } from './errors.ts'
import { Nats } from './Nats.ts'
import { subjects } from './topology.ts'

/** Questions to actors by NATS request and reply: answered by the node that owns the actor, and at once where none does. */
export class Ask extends Context.Service<Ask, {
  /** Asks the actor `kind`/`id`; the answer must come within `deadline_ms`. */
  readonly ask: (kind: string, id: string, body: Uint8Array, deadline_ms: number) => Effect.Effect<Uint8Array, NotActive | AskTimeout>
  /** Answers the questions for an actor until the scope closes. `reply` may be called later. */
  readonly answer: (kind: string, id: string, onQuestion: (body: Uint8Array, reply: (answer: Uint8Array) => void) => void) => Effect.Effect<void, never, Scope.Scope>
}>()('millrace/runtime/Ask') {
  static readonly layer = Layer.effect(
    Ask,
    Effect.gen(function* () {
      const { connection } = yield* Nats
      return Ask.of({
        ask: (kind, id, body, deadline_ms) =>
          Effect.tryPromise({
            try: async () => (await connection.request(subjects.ask(kind, id), body, { timeout: deadline_ms })).data,
            catch: (cause) => cause instanceof NatsError && cause.code === '503' ? new NotActive({ kind, id }) : new AskTimeout({ kind, id, deadline_ms })
          }),
        answer: (kind, id, onQuestion) =>
          Effect.acquireRelease(
            Effect.sync(() =>
              connection.subscribe(subjects.ask(kind, id), {
                callback: (error, message) => {
                  if (error === null) onQuestion(message.data, (answer) => message.respond(answer))
                }
              })
            ),
            (subscription) => Effect.sync(() => subscription.unsubscribe())
          ).pipe(Effect.asVoid)
      })
    })
  )
}
