import type { LogEntry } from './Log.ts'

/** What came of one message: the actor's next state, and what is to be done about it, in order. */
export interface Decision<State, Action> {
  readonly state: State
  readonly actions: ReadonlyArray<Action>
}

/**
 * An actor: pure and total. Time, ids and everything read from outside are in the message, so that the same behaviour
 * runs in production and under a simulator. `now_ms` is monotonic and has no meaning outside the process.
 */
export type Decide<State, Message, Action> = (state: State, message: Message, now_ms: number) => Decision<State, Action>

/** What the runtime tells every actor. */
export type RuntimeMessage =
  /** The next entry of the inbox: each once and in order. */
  | { readonly _tag: 'Delivered'; readonly entry: LogEntry }
  /** The record given to `Append` is in the log. */
  | { readonly _tag: 'Appended'; readonly seq: number }
  /** The log is full; the record given to `Append` is not in it. */
  | { readonly _tag: 'AppendRefused'; readonly reason: string }
  /** What was given to `Publish` is stored. */
  | { readonly _tag: 'Published'; readonly ticket: string }
  | { readonly _tag: 'Elapsed'; readonly timer: string }
  /** Somebody asks; the answer is given with `Reply`. */
  | { readonly _tag: 'Asked'; readonly question: number; readonly body: Uint8Array }
  /** NATS was away and is back: time that passed meanwhile counts for nothing. */
  | { readonly _tag: 'Reconnected' }
  /** The node goes: come to a good stop, then `Release`. */
  | { readonly _tag: 'Drain' }

/** What every actor may want of the runtime. */
export type RuntimeAction<Record> =
  /** Writes to the outbox. One at a time: the next only after `Appended` or `AppendRefused`. */
  | { readonly _tag: 'Append'; readonly record: Record; readonly resumeSeq: number }
  /** Publishes elsewhere, again and again until it is stored; then `Published`. */
  | { readonly _tag: 'Publish'; readonly ticket: string; readonly subject: string; readonly data: Uint8Array }
  /** Takes more from the inbox. */
  | { readonly _tag: 'More' }
  /** Shows the people who look at the consumer that everything up to `seq` is behind the checkpoint. */
  | { readonly _tag: 'Acknowledge'; readonly seq: number }
  | { readonly _tag: 'SetTimer'; readonly timer: string; readonly after_ms: number }
  | { readonly _tag: 'ClearTimer'; readonly timer: string }
  | { readonly _tag: 'Reply'; readonly question: number; readonly body: Uint8Array }
  /** The actor's work is done for ever. */
  | { readonly _tag: 'Finish' }
  /** The actor goes on on another node. */
  | { readonly _tag: 'Release' }
  /** Begin again from the log. `broke`: something broke by itself, on what it was given perhaps; nobody ended it from outside. */
  | { readonly _tag: 'Restart'; readonly reason: string; readonly broke: boolean }
  /** There is no going on. */
  | { readonly _tag: 'Fail'; readonly reason: string }
