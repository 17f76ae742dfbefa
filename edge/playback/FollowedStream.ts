import { fromBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { applyRecord } from '../../actors/playlist/applyRecord.ts'
import type { WindowProblem } from '../../actors/playlist/windowProblem.ts'
import { revisionKey } from '../../actors/playlist/findRevision.ts'
import type { Revision } from '../../actors/playlist/findRevision.ts'
import { dropBytes, openWindow } from '../../actors/playlist/liveWindow.ts'
import type { LiveWindow, PlacedFragment, Segment } from '../../actors/playlist/liveWindow.ts'
import { renderRevision } from '../../actors/playlist/renderMedia.ts'
import type { SourceCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { MediaEnd, MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { RENDERED_MAX, SEGMENTS_KEPT } from '../limits.ts'

/** What is wrong with a record of the log, so that it is not passed on as healthy. */
export type StreamProblem = WindowProblem | { readonly _tag: 'RecordUnreadable'; readonly seq: number }

/** Where a stream is followed from; sequence 0 for a stream without any record yet. */
export interface Beginning {
  readonly seq: number
  readonly msn: number
}

/** Told of what the log of a followed stream does. */
export interface FollowListener {
  readonly problem: (problem: StreamProblem) => void
  /** The bytes held have changed by so many. */
  readonly held: (bytes: number) => void
}

/** Told of each record that was applied to the window, with the fragments of it that are healthy and in their place. */
export type RecordListener = (added: ReadonlyArray<PlacedFragment>) => void

/** One stream as this edge follows it: its live window, the playlists rendered from it, and who waits for more. */
export class FollowedStream {
  readonly id: string
  readonly window: LiveWindow
  readonly #listener: FollowListener
  readonly #bytesMax: number
  readonly #waiters = new Set<() => void>()
  readonly #recordListeners = new Set<RecordListener>()
  readonly #rendered = new Map<string, string>()
  #seq = 0
  #end: MediaEnd | undefined
  #source: SourceCheckpoint | undefined

  /** `begin` is where the live window begins: its first segment, and the record that opened it. */
  constructor(id: string, begin: Beginning, bytesMax: number, listener: FollowListener) {
    this.id = id
    this.window = openWindow(begin.msn, begin.seq)
    this.#bytesMax = bytesMax
    this.#listener = listener
  }

  /** Sequence of the newest record seen, readable or not. */
  get seq(): number {
    return this.#seq
  }

  /** How the stream has ended; undefined while it has not. */
  get end(): MediaEnd | undefined {
    return this.#end
  }

  /** What the newest record says of the source. */
  get source(): SourceCheckpoint | undefined {
    return this.#source
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Takes one entry of the log; each once and in order. */
  take(entry: LogEntry): void {
    this.#seq = Math.max(this.#seq, entry.seq)
    const before = this.window.bytes
    const record = decodeRecord(entry.data)
    const change = record && applyRecord(this.window, entry.seq, record)
    for (const problem of change?.problems ?? [{ _tag: 'RecordUnreadable', seq: entry.seq } as const]) this.#listener.problem(problem)
    while (this.window.bytes > this.#bytesMax && this.#dropOldest() > 0);
    this.#listener.held(this.window.bytes - before)
    if (record !== undefined) this.#note(record)
    if (change !== undefined) for (const listener of [...this.#recordListeners]) listener(change.added)
    for (const waiter of [...this.#waiters]) waiter()
  }

  #note({ body, checkpoint }: MediaRecord): void {
    if (body.case === 'end') this.#end = body.value
    if (checkpoint?.source !== undefined) this.#source = checkpoint.source
  }

  /** Calls back on each record, fragment by fragment and not only when a part is whole, until the returned function is called. */
  onRecord(listener: RecordListener): () => void {
    this.#recordListeners.add(listener)
    return () => this.#recordListeners.delete(listener)
  }

  /** Lets go of the oldest segment's bytes, in all renditions, but never of the newest ones; returns how many. */
  shed(): number {
    const freed = this.#dropOldest()
    this.#listener.held(-freed)
    return freed
  }

  /** Gives what `look` finds, now or after one of the records to come. */
  when<A>(look: () => A | undefined): Effect.Effect<A> {
    return Effect.callback<A>((resume) => {
      const now = look()
      if (now !== undefined) return resume(Effect.succeed(now))
      const waiter = (): void => {
        const found = look()
        if (found === undefined) return
        this.#waiters.delete(waiter)
        resume(Effect.succeed(found))
      }
      this.#waiters.add(waiter)
      return Effect.sync(() => this.#waiters.delete(waiter))
    })
  }

  /** The text of a revision, rendered once for all who ask for it. */
  render(revision: Revision, skip: boolean): string {
    const key = `${revisionKey(revision)}${skip ? '/skip' : ''}`
    const known = this.#rendered.get(key)
    if (known !== undefined) return known
    const text = renderRevision(revision, skip)
    const oldest = this.#rendered.keys().next().value
    if (this.#rendered.size >= RENDERED_MAX && oldest !== undefined) this.#rendered.delete(oldest)
    this.#rendered.set(key, text)
    return text
  }

  #dropOldest(): number {
    let oldest: Segment | undefined
    for (const { segments, newest } of this.window.renditions.values()) {
      for (const segment of segments.values()) {
        if (segment.msn > (newest?.msn ?? 0) - SEGMENTS_KEPT) break
        if (!segment.parts.some(({ data }) => data)) continue
        if (oldest === undefined || segment.msn < oldest.msn) oldest = segment
        break
      }
    }
    return oldest ? dropBytes(this.window, oldest) : 0
  }
}

/** A record of the MEDIA log; undefined where it cannot be read. */
export const decodeRecord = (data: Uint8Array): MediaRecord | undefined => {
  try {
    return fromBinary(MediaRecordSchema, data)
  } catch {
    return undefined
  }
}
