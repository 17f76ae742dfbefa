import { Effect, Schema } from 'effect'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { ActorKind, Owned, RecordCodec } from '../ActorKind.ts'
import type { Decision, RuntimeAction, RuntimeMessage } from '../Behavior.ts'
import { Buckets } from '../Bucket.ts'
import { park } from '../deadLetters.ts'
import { Log, type LogEntry } from '../Log.ts'

/**
 * The runtime's example actor: a counter. Each entry of its inbox is a number as text; its outbox holds the running
 * total. Other texts make it do what a test wants to see: `boom` crashes it, `end` ends it, anything else is parked.
 */
export interface Count {
  readonly total: number
  /** Numbers counted. */
  readonly count: number
}

interface CounterState extends Count {
  readonly resumeSeq: number
  readonly appending: boolean
  /** What is counted is not all written yet. */
  readonly dirty: boolean
  readonly then: 'GoOn' | 'Finish' | 'Release'
}

/** The counter's own action: give an entry up as a dead letter. */
export type CounterAction = { readonly _tag: 'Park'; readonly entry: LogEntry }

type Action = CounterAction | RuntimeAction<CounterRecord>

const Stamp = Schema.Struct({
  leaseRevision: Schema.Number,
  resumeSeq: Schema.Number,
  attempts: Schema.Number,
  brokenBy: Schema.optionalKey(Schema.String),
  fencingToken: Schema.Number,
  node: Schema.String,
  writtenAt_ms: Schema.Number
})
const CounterRecord = Schema.Struct({ kind: Schema.Literals(['TakeOver', 'Total']), total: Schema.Number, count: Schema.Number, stamp: Schema.optionalKey(Stamp) })
/** A record of the counter's outbox; its stamp is absent until it is written. */
export type CounterRecord = typeof CounterRecord.Type

const decodeRecord = Schema.decodeUnknownSync(Schema.fromJsonString(CounterRecord))

/** JSON, so that a person can read the log. */
export const counterCodec: RecordCodec<CounterRecord> = {
  encode: (record, stamp) => new TextEncoder().encode(JSON.stringify({ ...record, stamp })),
  decode: (data) => decodeRecord(new TextDecoder().decode(data)),
  stampOf: ({ stamp }) => {
    if (stamp === undefined) throw new Error('a stored record has a stamp')
    return stamp
  },
  isProgress: ({ kind }) => kind === 'Total',
  isOutput: ({ kind }) => kind === 'Total',
  takeOver: (head) => ({ kind: 'TakeOver', total: head?.total ?? 0, count: head?.count ?? 0 })
}

const begin = ({ head, resumeSeq }: Owned<CounterRecord>): Decision<CounterState, Action> => ({
  state: { total: head?.total ?? 0, count: head?.count ?? 0, resumeSeq, appending: false, dirty: false, then: 'GoOn' },
  actions: []
})

/** Adds up what comes, writes one total at a time: totals that pile up meanwhile become one record. */
const decide = (state: CounterState, message: RuntimeMessage): Decision<CounterState, Action> => {
  switch (message._tag) {
    case 'Delivered':
      return delivered(state, message.entry)
    case 'Appended':
      return settle({ ...state, appending: false }, [{ _tag: 'Acknowledge', seq: state.resumeSeq - 1 }])
    case 'AppendRefused':
      return settle({ ...state, appending: false, dirty: true }, [])
    case 'Drain':
      return settle({ ...state, then: state.then === 'GoOn' ? 'Release' : state.then }, [])
    case 'Asked':
      return asked(state, message.question, new TextDecoder().decode(message.body))
    case 'Published':
    case 'Elapsed':
    case 'Reconnected':
      return { state, actions: [] }
  }
}

const delivered = (state: CounterState, entry: LogEntry): Decision<CounterState, Action> => {
  const text = new TextDecoder().decode(entry.data)
  const next: CounterState = { ...state, resumeSeq: entry.seq + 1, dirty: true }
  if (text === 'boom') throw new Error('boom')
  if (text === 'end') return settle({ ...next, then: 'Finish' }, [])
  if (!/^-?\d+$/.test(text)) return settle(next, [{ _tag: 'Park', entry }, { _tag: 'More' }])
  return settle({ ...next, total: state.total + Number(text), count: state.count + 1 }, [{ _tag: 'More' }])
}

/** `silent` is not answered; everything else is, with the total. */
const asked = (state: CounterState, question: number, body: string): Decision<CounterState, Action> =>
  ({ state, actions: body === 'silent' ? [] : [{ _tag: 'Reply', question, body: new TextEncoder().encode(String(state.total)) }] })

const settle = (state: CounterState, before: ReadonlyArray<Action>): Decision<CounterState, Action> => {
  if (state.appending) return { state, actions: before }
  if (state.dirty) {
    const record: CounterRecord = { kind: 'Total', total: state.total, count: state.count }
    return { state: { ...state, appending: true, dirty: false }, actions: [...before, { _tag: 'Append', record, resumeSeq: state.resumeSeq }] }
  }
  return state.then === 'GoOn' ? { state, actions: before } : { state, actions: [...before, { _tag: state.then }] }
}

const isLive = (state: StreamState | undefined): boolean => state?.status === StreamStatus.LIVE

/** The counter as a kind of actor. Those that the bucket `streams` calls live are wanted. */
export const counter: ActorKind<CounterRecord, CounterState, never, CounterAction, Buckets | Log> = {
  kind: 'counter',
  inbox: 'ingest',
  outbox: 'media',
  codec: counterCodec,
  begin,
  decide,
  performer: Effect.fnUntraced(function* (owned) {
    const context = yield* Effect.context<Log>()
    return ({ entry }: CounterAction) => {
      Effect.runForkWith(context)(park('counter', owned.id, 'not a number', entry).pipe(Effect.catch((error) => Effect.logError('not parked', { reason: error._tag }))))
    }
  }),
  wanted: Effect.flatMap(Buckets, ({ streams }) => Effect.map(streams.all, (all) => all.filter(({ value }) => isLive(value)).map(({ key }) => key))),
  isWanted: (id) => Effect.flatMap(Buckets, ({ streams }) => Effect.map(streams.get(id), (entry) => isLive(entry?.value))),
  onFailed: (id, reason) =>
    Effect.gen(function* () {
      const { streams } = yield* Buckets
      const entry = yield* streams.get(id)
      if (entry !== undefined) yield* streams.update(id, { ...entry.value, status: StreamStatus.FAILED, reason }, entry.revision)
    }).pipe(Effect.catchTag('RevisionConflict', () => Effect.void))
}
