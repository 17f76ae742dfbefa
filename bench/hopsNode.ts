/**
 * A process of the platform with an observer at one end of each hop, which writes down times and changes nothing:
 * `actors` sees what FFmpeg's stdin takes and what frames it gives, `edge` sees when a record has been taken in, ready
 * to send. The parent asks for the times of one stream.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { Effect, Fiber, Layer } from 'effect'
import type { FfmpegEvent } from '../actors/ffmpeg/FfmpegChild.ts'
import { streamActor } from '../actors/stream/StreamActor.ts'
import { actors, edge, storage } from '../deploy/server/roles.ts'
import { readSettings, type Role } from '../deploy/server/settings.ts'
import { MediaRecordSchema } from '../proto/gen/millrace/v1/media_pb.js'
import { nodeLayer } from '../runtime/layer.ts'
import { Log, type LogEntry } from '../runtime/Log.ts'
import { RuntimeSettings } from '../runtime/RuntimeSettings.ts'
import { telemetry } from '../runtime/telemetry.ts'
import { clock_ms } from './clock.ts'
import type { Passed } from './hopTimes.ts'

/** What the parent asks: everything seen of a stream, which is then forgotten. */
export interface HopsOrder {
  readonly id: string
}
/** By name: `stdin` in bytes, each rendition in frames. */
export type HopsSeen = Readonly<Record<string, ReadonlyArray<Passed>>>

/** Counts what passes, by stream and name. */
class Observer {
  readonly #streams = new Map<string, Map<string, Array<Passed>>>()

  note(id: string, name: string, more: number, at_ms: number): void {
    const stream = this.#streams.get(id) ?? new Map<string, Array<Passed>>()
    const passed = stream.get(name) ?? []
    passed.push({ count: (passed.at(-1)?.count ?? 0) + more, at_ms })
    this.#streams.set(id, stream.set(name, passed))
  }

  take(id: string): HopsSeen {
    const seen = Object.fromEntries(this.#streams.get(id) ?? [])
    this.#streams.delete(id)
    return seen
  }
}

const observer = new Observer()
/** Records as they came; they are decoded when asked for, so that decoding takes no time from what is measured. */
const entries = new Map<string, Array<{ readonly data: Uint8Array; readonly at_ms: number }>>()

const observeChild = (id: string, event: FfmpegEvent): void => {
  if (event._tag === 'Credit') observer.note(id, 'stdin', event.bytes, clock_ms())
  if (event._tag === 'Samples') observer.note(id, event.rendition, event.samples.length, clock_ms())
}

const observedActor: typeof streamActor = Effect.map(streamActor, (kind) => ({
  ...kind,
  performer: (owned, send, ended) =>
    kind.performer(owned, (message) => {
      if (message._tag === 'Child') observeChild(owned.id, message.event)
      send(message)
    }, ended),
}))

const observeEntry = (id: string, { data }: LogEntry): void => {
  const stream = entries.get(id) ?? []
  stream.push({ data, at_ms: clock_ms() })
  entries.set(id, stream)
}

const observedLog = Layer.effect(
  Log,
  Effect.map(Log, (log) =>
    Log.of({
      ...log,
      follow: (at, from, onEntry) =>
        log.follow(at, from, (entry) => {
          onEntry(entry)
          observeEntry(at.subject.slice(at.subject.lastIndexOf('.') + 1), entry)
        }),
    }),
  ),
)

const decodeEntries = (id: string): void => {
  for (const { data, at_ms } of entries.get(id) ?? []) {
    const { body } = fromBinary(MediaRecordSchema, data)
    if (body.case !== 'fragments') continue
    for (const { rendition, frames } of body.value.fragments) observer.note(id, rendition, frames, at_ms)
  }
  entries.delete(id)
}

const node = Layer.unwrap(
  Effect.map(readSettings, (settings) => {
    const has = (role: Role): boolean => settings.roles.includes(role)
    const roles = Layer.mergeAll(
      has('actors') ? Layer.provide(Layer.empty, actors(settings, observedActor)) : Layer.empty,
      has('edge') ? Layer.provide(Layer.empty, edge(settings)) : Layer.empty,
    )
    return roles.pipe(
      Layer.provide(storage(settings)),
      Layer.provide(observedLog.pipe(Layer.provideMerge(nodeLayer))),
      Layer.provide(Layer.succeed(RuntimeSettings, settings.runtime)),
      Layer.provide(telemetry({ node: settings.runtime.node, level: 'Warn', format: 'auto' })),
    )
  }),
)

const running = Effect.runFork(Layer.launch(node))
process.on('message', ({ id }: HopsOrder) => {
  decodeEntries(id)
  process.send?.(observer.take(id))
})
process.on('disconnect', () => void Effect.runPromise(Fiber.interrupt(running)).then(() => process.exit(0)))
