import { Clock, Deferred, Effect, Exit, type Fiber, type Scope } from 'effect'
import { ActorCell } from './ActorCell.ts'
import type { ActorKind, Owned, RecordStamp } from './ActorKind.ts'
import { Ask } from './Ask.ts'
import type { RuntimeAction, RuntimeMessage } from './Behavior.ts'
import type { LogUnavailable } from './errors.ts'
import { type AppendError, type Appender, Log, type Mailbox } from './Log.ts'

import { ask, Nats } from './Nats.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { decideTakeOver } from './takeOver.ts'

/** How an activation ended. */
export type ActivationExit =
  /** The actor's work is done. */
  | { readonly _tag: 'Finished' }
  /** The actor came to a good stop for another node to go on. */
  | { readonly _tag: 'Released' }
  /** Somebody else owns the actor. */
  | { readonly _tag: 'Superseded' }
  /** Something broke; the log is as it was, and another activation may go on. */
  | { readonly _tag: 'Crashed'; readonly reason: string }
  /** The actor says that there is no going on. */
  | { readonly _tag: 'Failed'; readonly reason: string }

/** A running activation: messages in, one exit out. */
export interface Activation {
  readonly drain: () => void
  readonly exit: Effect.Effect<ActivationExit>
}

const PUBLISH_PAUSE_MS = 250

/**
 * Takes an actor over under `leaseRevision` and runs it: TakeOver, mailbox, behaviour. Everything it holds closes with
 * the scope. The exit says how it ended; failures of single steps never get out as errors.
 */
export const activate = Effect.fnUntraced(function* <Record, State, Message, Action, R>(
  kind: ActorKind<Record, State, Message, Action, R>,
  id: string,
  leaseRevision: number
): Effect.fn.Return<Activation, never, R | Log | Nats | Ask | RuntimeSettings | Scope.Scope> {
  const ended = yield* Deferred.make<ActivationExit>()
  const end = (exit: ActivationExit): void => {
    Deferred.doneUnsafe(ended, Effect.succeed(exit))
  }
  const taken = yield* takeOver(kind, id, leaseRevision).pipe(Effect.result)
  if (taken._tag === 'Failure') {
    end(exitOf(taken.failure))
    return { drain: () => undefined, exit: Deferred.await(ended) }
  }
  const { owned, appender } = taken.success
  const interpreter = yield* makeInterpreter(kind, owned, leaseRevision, appender, end)
  return { drain: () => interpreter.send({ _tag: 'Drain' }), exit: Deferred.await(ended) }
})

const exitOf = (error: AppendError | LogUnavailable | { readonly _tag: 'Superseded' }): ActivationExit => {
  if (error._tag === 'Superseded' || error._tag === 'Fenced') return { _tag: 'Superseded' }
  if (error._tag === 'HeadLost') return { _tag: 'Failed', reason: 'the log of the actor was removed' }
  return { _tag: 'Crashed', reason: error._tag }
}

/** Appends the TakeOver, reading the head again whenever an older owner has written meanwhile. */
const takeOver = Effect.fnUntraced(function* <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>, id: string, leaseRevision: number) {
  const log = yield* Log
  const { node } = yield* RuntimeSettings
  const outbox = log.subject(kind.outbox, id)
  while (true) {
    const entry = yield* log.head(outbox)
    const head = entry === undefined ? undefined : { seq: entry.seq, record: kind.codec.decode(entry.data) }
    const step = decideTakeOver(kind.codec, head, leaseRevision)
    if (step._tag === 'Superseded') return yield* Effect.fail(step)
    const appender = log.appender(outbox, step.expected)
    const writtenAt_ms = yield* Clock.currentTimeMillis
    const token = yield* appender.append(() => kind.codec.encode(step.record, { ...step.stamp, node, writtenAt_ms })).pipe(
      Effect.catchTag('Fenced', () => Effect.succeed(undefined))
    )
    if (token === undefined) continue
    if (step.previousToken > 0) yield* removeConsumer(log.subject(kind.inbox, id).log, consumerName(id, step.previousToken))
    yield* Effect.logInfo('taken over', { kind: kind.kind, id, token, attempts: step.stamp.attempts })
    const owned: Owned<Record> = { id, token, head: head?.record, resumeSeq: step.stamp.resumeSeq, attempts: step.stamp.attempts }
    return { owned, appender }
  }
})

const consumerName = (id: string, token: number): string => `${id}-${token}`

/** The old owner's consumer goes; where it is gone already, or cannot be reached, its own idle limit ends it. */
const removeConsumer = (log: string, name: string): Effect.Effect<void, never, Nats> =>
  Effect.flatMap(Nats, (nats) => Effect.ignore(ask(`remove consumer ${name}`, () => nats.manager.consumers.delete(log, name))))

interface Interpreter {
  readonly send: (message: RuntimeMessage) => void
}

/** Performs what the runtime can do, and hands the kind's own actions to its performer. */
const makeInterpreter = Effect.fnUntraced(function* <Record, State, Message, Action, R>(
  kind: ActorKind<Record, State, Message, Action, R>,
  owned: Owned<Record>,
  leaseRevision: number,
  appender: Appender,
  end: (exit: ActivationExit) => void
): Effect.fn.Return<Interpreter, never, R | Log | Ask | RuntimeSettings | Scope.Scope> {
  const log = yield* Log
  const questions = yield* Ask
  const { node } = yield* RuntimeSettings
  const run = yield* forker
  const timers = yield* makeTimers
  const pending = new Map<number, (answer: Uint8Array) => void>()
  let mailbox: Mailbox | undefined
  const send = (message: Message | RuntimeMessage): void => cell.send(message)
  const stampOf = (resumeSeq: number, progress: boolean, writtenAt_ms: number): RecordStamp => ({
    leaseRevision, resumeSeq, attempts: progress ? 0 : owned.attempts, fencingToken: owned.token, node, writtenAt_ms
  })
  const append = (record: Record, resumeSeq: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const stamp = stampOf(resumeSeq, kind.codec.isProgress(record), yield* Clock.currentTimeMillis)
      const seq = yield* appender.append(() => kind.codec.encode(record, stamp))
      send({ _tag: 'Appended', seq })
    }).pipe(Effect.catch((error) => Effect.sync(() => (error._tag === 'LogFull' ? send({ _tag: 'AppendRefused', reason: error.description }) : end(exitOf(error))))))
  const publish = (ticket: string, subject: string, data: Uint8Array): Effect.Effect<void> =>
    log.publish(subject, data).pipe(
      Effect.tapError(() => Effect.sleep(PUBLISH_PAUSE_MS)),
      Effect.eventually,
      Effect.andThen(Effect.sync(() => send({ _tag: 'Published', ticket })))
    )
  const perform = (action: Action | RuntimeAction<Record>): void => {
    if (!isRuntimeAction<Action, Record>(action)) return performOwn(action)
    switch (action._tag) {
      case 'Append': return run(append(action.record, action.resumeSeq))
      case 'Publish': return run(publish(action.ticket, action.subject, action.data))
      case 'More': return mailbox?.more()
      case 'Acknowledge': return mailbox?.acknowledgeThrough(action.seq)
      case 'SetTimer': return timers.set(action.timer, action.after_ms, () => send({ _tag: 'Elapsed', timer: action.timer }))
      case 'ClearTimer': return timers.clear(action.timer)
      case 'Reply': return reply(action.question, action.body)
      case 'Finish': return finish({ _tag: 'Finished' })
      case 'Release': return finish({ _tag: 'Released' })
      case 'Restart': return finish({ _tag: 'Crashed', reason: action.reason })
      case 'Fail': return finish({ _tag: 'Failed', reason: action.reason })
    }
  }
  const reply = (question: number, body: Uint8Array): void => {
    pending.get(question)?.(body)
    pending.delete(question)
  }
  const finish = (exit: ActivationExit): void => {
    cell.stop()
    end(exit)
  }
  const performOwn = yield* kind.performer(owned, send)
  const begun = kind.begin(owned, performance.now())
  const cell = new ActorCell(begun.state, kind.decide, perform, (cause) => end({ _tag: 'Crashed', reason: describe(cause) }))
  yield* Effect.addFinalizer(() => Effect.sync(() => cell.stop()))
  cell.begin(begun.actions)
  mailbox = yield* log.mailbox(log.subject(kind.inbox, owned.id), consumerName(owned.id, owned.token), owned.resumeSeq, (entry) => send({ _tag: 'Delivered', entry }))
  let asked = 0
  yield* questions.answer(kind.kind, owned.id, (body, answer) => {
    pending.set(++asked, answer)
    send({ _tag: 'Asked', question: asked, body })
  })
  return { send }
})

const RUNTIME_ACTIONS = new Set(['Append', 'Publish', 'More', 'Acknowledge', 'SetTimer', 'ClearTimer', 'Reply', 'Finish', 'Release', 'Restart', 'Fail'])
const isRuntimeAction = <Action, Record>(action: Action | RuntimeAction<Record>): action is RuntimeAction<Record> =>
  typeof action === 'object' && action !== null && '_tag' in action && RUNTIME_ACTIONS.has(String(action._tag))

const describe = (cause: unknown): string => (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))

/** Runs effects beside the actor, for as long as the scope is open. */
const forker: Effect.Effect<(effect: Effect.Effect<void>) => void, never, Scope.Scope> = Effect.gen(function* () {
  const context = yield* Effect.context<never>()
  const fibers = new Set<Fiber.Fiber<void>>()
  yield* Effect.addFinalizer(() => Effect.sync(() => fibers.forEach((fiber) => fiber.interruptUnsafe())))
  return (effect) => {
    const fiber = Effect.runForkWith(context)(effect)
    fibers.add(fiber)
    fiber.addObserver((exit) => {
      fibers.delete(fiber)
      if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) Effect.runForkWith(context)(Effect.logError('defect beside an actor', exit.cause))
    })
  }
})

interface Timers {
  readonly set: (name: string, after_ms: number, onElapsed: () => void) => void
  readonly clear: (name: string) => void
}

const makeTimers: Effect.Effect<Timers, never, Scope.Scope> = Effect.gen(function* () {
  const timers = new Map<string, NodeJS.Timeout>()
  const clear = (name: string): void => {
    clearTimeout(timers.get(name))
    timers.delete(name)
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => [...timers.keys()].forEach(clear)))
  return {
    clear,
    set: (name, after_ms, onElapsed) => {
      clear(name)
      timers.set(name, setTimeout(() => {
        timers.delete(name)
        onElapsed()
      }, after_ms))
    }
  }
})
