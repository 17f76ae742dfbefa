import { Cause, Clock, Deferred, Effect, type Scope } from 'effect'
import { ActorCell } from './ActorCell.ts'
import type { ActorFigures, Clocks } from './actorFigures.ts'
import type { ActorKind, RecordCodec } from './ActorKind.ts'
import { type ActivationExit, exitOf } from './ActivationExit.ts'
import { Ask } from './Ask.ts'
import type { RuntimeAction, RuntimeMessage } from './Behavior.ts'
import { forker } from './forker.ts'
import { PUBLISH_RETRY_MS } from './limits.ts'
import { type Appender, Log, type Mailbox } from './Log.ts'
import { Nats } from './Nats.ts'
import { Nodes } from './Nodes.ts'
import { makeQuestions } from './questions.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { makeStamping, type Stamping } from './stamping.ts'
import { consumerName, type TakenOver } from './takeOverLog.ts'
import { makeWorldTimers } from './worldTimers.ts'

/** Takes messages for one activation, and performs what its behaviour wants. */
export interface Interpreter {
  readonly send: (message: RuntimeMessage) => void
  /** How the actor keeps up now; undefined where its kind does not tell. */
  readonly figures: (clocks: Clocks) => ActorFigures | undefined
}

/**
 * Runs the behaviour of an actor just taken over: performs what the runtime can do, and hands the kind's own actions to
 * its performer. `ended` is done once, with what the activation came to.
 */
export const makeInterpreter = Effect.fnUntraced(function* <Record, State, Message, Action, R>(
  kind: ActorKind<Record, State, Message, Action, R>,
  { owned, appender }: TakenOver<Record>,
  leaseRevision: number,
  ended: Deferred.Deferred<ActivationExit>
): Effect.fn.Return<Interpreter, never, R | Log | Nats | Nodes | Ask | RuntimeSettings | Scope.Scope> {
  const log = yield* Log
  const asks = yield* Ask
  const nats = yield* Nats
  const nodes = yield* Nodes
  const { node } = yield* RuntimeSettings
  const run = yield* forker
  const questions = makeQuestions()
  const early: Array<Message | RuntimeMessage> = []
  let cell: ActorCell<State, Message | RuntimeMessage, Action | RuntimeAction<Record>> | undefined
  let mailbox: Mailbox | undefined
  const send = (message: Message | RuntimeMessage): void => {
    if (cell === undefined) early.push(message)
    else cell.send(message)
  }
  const timers = yield* makeWorldTimers(kind.waitsForWorld, (timer) => send({ _tag: 'Elapsed', timer }))
  const finish = (exit: ActivationExit): void => {
    cell?.stop()
    Deferred.doneUnsafe(ended, Effect.succeed(exit))
  }
  const stamping = makeStamping(kind.codec, owned, leaseRevision, node)
  const crash = (reason: string, broke: boolean): void => finish({ _tag: 'Crashed', reason, broke, progressed: stamping.progressed() })
  const append = appendWith(appender, kind.codec, stamping, {
    stored: (seq) => send({ _tag: 'Appended', seq }),
    full: (reason) => send({ _tag: 'AppendRefused', reason }),
    failed: finish,
    broke: (cause) => crash(describe(cause), true)
  })
  const perform = (action: RuntimeAction<Record>): void => {
    switch (action._tag) {
      case 'Append': return run(append(action.record, action.resumeSeq))
      case 'Publish': return run(publishUntilStored(log, action.subject, action.data, () => send({ _tag: 'Published', ticket: action.ticket })))
      case 'More': return mailbox?.more()
      case 'Acknowledge': return mailbox?.acknowledgeThrough(action.seq)
      case 'SetTimer': return timers.set(action.timer, action.after_ms)
      case 'ClearTimer': return timers.clear(action.timer)
      case 'Reply': return questions.answer(action.question, action.body)
      case 'Finish': return finish({ _tag: 'Finished' })
      case 'Release': return finish({ _tag: 'Released' })
      case 'Restart': return crash(action.reason, action.broke)
      case 'Fail': return finish({ _tag: 'Failed', reason: action.reason })
    }
  }
  const performOwn = yield* kind.performer(owned, send, Effect.asVoid(Deferred.await(ended)))
  const begun = kind.begin(owned, performance.now())
  const either = (action: Action | RuntimeAction<Record>): void => (isRuntimeAction<Action, Record>(action) ? perform(action) : performOwn(action))
  const begunCell = new ActorCell(begun.state, kind.decide, either, (cause) => crash(describe(cause), true))
  cell = begunCell
  yield* Effect.addFinalizer(() => Effect.sync(() => begunCell.stop()))
  begunCell.begin(begun.actions)
  early.forEach(send)
  mailbox = yield* log.mailbox(log.subject(kind.inbox, owned.id), consumerName(owned.id, owned.token), owned.resumeSeq, (entry) => send({ _tag: 'Delivered', entry }))
  const reconnected = (): void => send({ _tag: 'Reconnected' })
  const forget = [nats.onReconnect(reconnected), nodes.onRegained(reconnected)]
  yield* Effect.addFinalizer(() => Effect.sync(() => forget.forEach((stop) => stop())))
  yield* asks.answer(kind.kind, owned.id, (body, answer) => send({ _tag: 'Asked', question: questions.add(answer), body }))
  return { send, figures: (clocks) => kind.figures?.(begunCell.state, clocks) }
})

/** What came of an append; `broke`: the record could not be written down. */
interface Appending {
  readonly stored: (seq: number) => void
  readonly full: (reason: string) => void
  readonly failed: (exit: ActivationExit) => void
  readonly broke: (cause: unknown) => void
}

const appendWith = <Record>(appender: Appender, codec: RecordCodec<Record>, stamping: Stamping<Record>, on: Appending) => {
  const append = Effect.fnUntraced(function* (record: Record, resumeSeq: number) {
    const stamp = stamping.stampOf(record, resumeSeq, yield* Clock.currentTimeMillis)
    const outcome = yield* Effect.result(appender.append(codec.encode(record, stamp)))
    if (outcome._tag === 'Success') {
      stamping.onStored(record)
      return on.stored(outcome.success)
    }
    if (outcome.failure._tag === 'LogFull') return on.full(outcome.failure.description)
    on.failed(exitOf(outcome.failure))
  })
  return (record: Record, resumeSeq: number): Effect.Effect<void> =>
    Effect.catchCause(append(record, resumeSeq), (cause) => (Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.sync(() => on.broke(Cause.squash(cause)))))
}

const publishUntilStored = (log: Log['Service'], subject: string, data: Uint8Array, onStored: () => void): Effect.Effect<void> =>
  log.publish(subject, data).pipe(
    Effect.tapError((error) => Effect.andThen(Effect.logDebug('publish again', { subject, reason: error._tag }), Effect.sleep(PUBLISH_RETRY_MS))),
    Effect.eventually,
    Effect.andThen(Effect.sync(onStored))
  )

const RUNTIME_ACTIONS: ReadonlySet<string> = new Set<RuntimeAction<unknown>['_tag']>([
  'Append', 'Publish', 'More', 'Acknowledge', 'SetTimer', 'ClearTimer', 'Reply', 'Finish', 'Release', 'Restart', 'Fail'
])
const isRuntimeAction = <Action, Record>(action: Action | RuntimeAction<Record>): action is RuntimeAction<Record> =>
  typeof action === 'object' && action !== null && '_tag' in action && RUNTIME_ACTIONS.has(String(action._tag))

const describe = (cause: unknown): string => (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
