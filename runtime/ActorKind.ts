import type { Effect, Scope } from 'effect'
import type { ActorFigures, Clocks } from './actorFigures.ts'
import type { Decide, RuntimeAction, RuntimeMessage } from './Behavior.ts'
import type { LogUnavailable } from './errors.ts'

/** What the runtime writes into each record beside the actor's own fields (`proto/millrace/v1/stamp.proto`). */
export interface RecordStamp {
  readonly leaseRevision: number
  readonly resumeSeq: number
  /** Activations in a row that broke by themselves with the checkpoint where it is, and what the newest broke on. */
  readonly attempts: number
  readonly brokenBy?: string
  readonly fencingToken: number
  readonly node: string
  readonly writtenAt_ms: number
}

/** How an actor's records are written and read. */
export interface RecordCodec<Record> {
  readonly encode: (record: Record, stamp: RecordStamp) => Uint8Array
  /** `seq` is the record's own sequence, which it could not name when it was written. */
  readonly decode: (data: Uint8Array, seq: number) => Record
  readonly stampOf: (record: Record) => RecordStamp
  /** Whether the record's checkpoint is ahead of the one before it; a TakeOver or a tick is none. */
  readonly isProgress: (record: Record) => boolean
  /** Whether the record holds what the actor is there to make. Moving on without any of it is progress, but no sign of health. */
  readonly isOutput: (record: Record) => boolean
  /** The record that carries the head's checkpoint forward under a new owner. */
  readonly takeOver: (head: Record | undefined) => Record
}

/** An actor that has just been taken over. */
export interface Owned<Record> {
  readonly id: string
  /** Fencing token: the sequence of the TakeOver. */
  readonly token: number
  /** The record that was the log's head before, with the checkpoint to go on from; undefined for a new actor. */
  readonly head: Record | undefined
  readonly resumeSeq: number
  /** Activations in a row that broke by themselves with the checkpoint where it is, and what the newest broke on. */
  readonly attempts: number
  readonly brokenBy?: string
}

/** A kind of actor: a fold over the log `inbox` that writes to the log `outbox`. */
export interface ActorKind<Record, State, Message, Action, R> {
  readonly kind: string
  readonly inbox: 'ingest'
  readonly outbox: 'media'
  readonly codec: RecordCodec<Record>
  /** State, and first actions, of an actor just taken over. */
  readonly begin: (owned: Owned<Record>, now_ms: number) => { readonly state: State; readonly actions: ReadonlyArray<Action | RuntimeAction<Record>> }
  /** Timers that wait for something from outside, which run only while it could come: not while NATS is away. */
  readonly waitsForWorld?: ReadonlySet<string>
  readonly decide: Decide<State, Message | RuntimeMessage, Action | RuntimeAction<Record>>
  /** How the actor keeps up with its inbox, for everyone to see; looked at a few times a second. */
  readonly figures?: (state: State, clocks: Clocks) => ActorFigures
  /**
   * Opens what the kind's own actions need, for one activation; closes with its scope. By then another node may have the
   * actor: what writes where that one writes too ends with `ended`, which comes before.
   */
  readonly performer: (owned: Owned<Record>, send: (message: Message) => void, ended: Effect.Effect<void>) => Effect.Effect<(action: Action) => void, never, R | Scope.Scope>
  /** Ids that should have an owner. The truth, where commands are only hints. */
  readonly wanted: Effect.Effect<ReadonlyArray<string>, LogUnavailable, R>
  readonly isWanted: (id: string) => Effect.Effect<boolean, LogUnavailable, R>
  /** Tells the world that an actor failed for good, under `leaseRevision`: an actor that has a later owner is let alone. */
  readonly onFailed: (id: string, reason: string, leaseRevision: number) => Effect.Effect<void, LogUnavailable, R>
}
