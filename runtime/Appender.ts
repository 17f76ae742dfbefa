import { Effect } from 'effect'
import { type AppendInput, type AppendStep, beginAppend, decideAppend } from './append.ts'
import { countFenced } from './counters.ts'
import { Fenced, HeadLost, LogFull, type LogUnavailable, RecordTooBig } from './errors.ts'
import { APPEND_WARN_ATTEMPTS } from './limits.ts'
import type { LogSubject } from './topology.ts'

/** Why an append did not store its record. */
export type AppendError = Fenced | HeadLost | LogFull | RecordTooBig

/** A chain of compare-and-set appends to one subject, one in flight. Calls are made one after another. */
export interface Appender {
  /**
   * Appends a record; resolves with its sequence once it is known to be stored. Unknown outcomes are resolved by looking
   * at the head, where a header with an id of the record's own tells, for as long as NATS is away.
   *
   * `onUnread` is called with `data` when it is certain that nobody will read it any more, so that its bytes may be
   * overwritten: the server has acknowledged the one time that it was sent. It is not called where the outcome was ever in
   * doubt, since some of the bytes may then still be waiting to leave.
   */
  readonly append: (data: Uint8Array, onUnread?: (data: Uint8Array) => void) => Effect.Effect<number, AppendError>
  /** Sequence of the subject's head as this writer knows it; 0 where nothing is there. */
  readonly expected: () => number
}

/** What an appender needs of a log: one try at a time, what came of it as a value. */
export interface AppendPort {
  readonly publish: (at: LogSubject, data: Uint8Array, expected: number, recordId: string) => Effect.Effect<AppendInput>
  readonly head: (at: LogSubject) => Effect.Effect<{ readonly seq: number; readonly recordId: string } | undefined, LogUnavailable>
  readonly newRecordId: () => string
  readonly connected: () => boolean
  readonly whenConnected: Effect.Effect<void>
  readonly messageBytesMax: number
}

/** Appenders over a log: they perform what `append.ts` decides. */
export const appenderOver = (port: AppendPort) => (at: LogSubject, start: number): Appender => {
  let expected = start
  const perform = (step: AppendStep & { _tag: 'Publish' | 'ReadHead' }, data: Uint8Array, recordId: string): Effect.Effect<AppendInput> =>
    step._tag === 'Publish' ? port.publish(at, data, expected, recordId) : lookUp(port, at)
  return {
    expected: () => expected,
    append: Effect.fnUntraced(function* (data, onUnread) {
      const recordId = port.newRecordId()
      let state = beginAppend(recordId, expected)
      let step: AppendStep = { _tag: 'Publish', wait_ms: 0 }
      let last: AppendInput = { _tag: 'Unknown' }
      while (step._tag === 'Publish' || step._tag === 'ReadHead') {
        if (step.wait_ms > 0) yield* Effect.sleep(step.wait_ms)
        if (!port.connected()) yield* port.whenConnected
        last = yield* perform(step, data, recordId)
        const next: ReturnType<typeof decideAppend> = decideAppend(state, last)
        if (next.state.attempts > state.attempts && next.state.attempts % APPEND_WARN_ATTEMPTS === 0) {
          yield* Effect.logWarning('append waits for the log', { subject: at.subject, attempts: next.state.attempts, last })
        }
        state = next.state
        step = next.step
      }
      switch (step._tag) {
        case 'Stored':
          expected = step.seq
          if (last._tag === 'Acked' && state.attempts + state.fullAttempts === 0) onUnread?.(data)
          return step.seq
        case 'Fenced':
          yield* countFenced(at)
          return yield* new Fenced({ subject: at.subject, expected, head: step.head })
        case 'HeadLost':
          return yield* new HeadLost({ subject: at.subject, expected })
        case 'Full':
          return yield* new LogFull({ subject: at.subject, code: step.code, description: step.description })
        case 'TooBig':
          return yield* new RecordTooBig({ subject: at.subject, bytes: data.byteLength, limit: port.messageBytesMax })
      }
    })
  }
}

const lookUp = (port: AppendPort, at: LogSubject): Effect.Effect<AppendInput> =>
  port.head(at).pipe(
    Effect.map((found): AppendInput => (found === undefined ? { _tag: 'HeadAbsent' } : { _tag: 'Head', ...found })),
    Effect.catch(() => Effect.succeed<AppendInput>({ _tag: 'HeadUnknown' }))
  )
