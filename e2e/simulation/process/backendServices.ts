import { Effect } from 'effect'
import { DatabaseUnavailable } from '../../../actors/database/errors.ts'
import { Recordings } from '../../../actors/database/Recordings.ts'
import { ObjectMissing, StoreUnavailable } from '../../../actors/storage/errors.ts'
import { ObjectStore } from '../../../actors/storage/ObjectStore.ts'
import type { DatabaseServer, StoreServer } from '../server/Backend.ts'
import { askBackend } from './request.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

const TIMEOUT_MS = 5_000

/** Told of every object and row that is written, by whom. */
export interface ArchiveWitness {
  readonly put: (key: string, bytes: Uint8Array, by: string) => void
  readonly row: (id: string, rendition: string, msn: number, by: string) => void
  /** An edge found a record of MEDIA that is not whole. */
  readonly damaged: (by: string) => void
}

/** The object store as programs know it. A put whose answer is lost may have happened, or happen later. */
export const storeService = (process: SimulatedProcess, server: StoreServer, witness: ArchiveWitness): ObjectStore['Service'] => {
  const request = <A>(operation: string, apply: () => A): Effect.Effect<A, StoreUnavailable> =>
    Effect.flatMap(askBackend(process, server, TIMEOUT_MS, apply), (outcome) =>
      outcome._tag === 'Answer' ? Effect.succeed(outcome.value) : new StoreUnavailable({ operation, reason: 'no answer' }))
  const get = (key: string) => Effect.flatMap(request(`get ${key}`, () => server.objects.get(key)), (found) => (found === undefined ? new ObjectMissing({ key }) : Effect.succeed(found)))
  const below = (folder: string) => [...server.objects].filter(([key]) => key.startsWith(folder)).map(([key, { byteLength }]) => ({ key, bytes: byteLength }))
  return ObjectStore.of({
    put: (key, bytes) =>
      request(`put ${key}`, () => {
        server.objects.set(key, bytes.slice())
        witness.put(key, bytes, process.name)
      }),
    get,
    read: (key, { offset, length }) => Effect.map(get(key), (bytes) => bytes.subarray(offset, offset + length)),
    stat: (key) => Effect.map(get(key), ({ byteLength }) => ({ key, bytes: byteLength })),
    list: (folder) => request(`list ${folder}`, () => below(folder).sort((a, b) => (a.key < b.key ? -1 : 1))),
    remove: (folder) => request(`remove ${folder}`, () => below(folder).forEach(({ key }) => server.objects.delete(key))),
    check: Effect.asVoid(request('check', () => 0))
  })
}

/** The tables as programs know them: each call one transaction, whose commit may be unknown. */
export const recordingsService = (process: SimulatedProcess, server: DatabaseServer, witness: ArchiveWitness): Recordings['Service'] => {
  const request = <A>(apply: () => A): Effect.Effect<A, DatabaseUnavailable> =>
    Effect.flatMap(askBackend(process, server, TIMEOUT_MS, apply), (outcome) =>
      outcome._tag === 'Answer' ? Effect.succeed(outcome.value) : new DatabaseUnavailable({ code: '57P01', reason: 'no answer', transient: true }))
  return Recordings.of({
    addSegment: (recording, segment) =>
      request(() => {
        const written = server.addSegment(recording, segment)
        witness.row(recording.id, segment.rendition, segment.msn, process.name)
        return written
      }),
    segments: (id) => request(() => server.segments(id)),
    segmentsAmong: (id, wanted) => request(() => wanted.filter(({ rendition, msn }) => server.segment(id, rendition, msn) !== undefined)),
    segment: (id, rendition, msn) => request(() => server.segment(id, rendition, msn)),
    conclude: (recording, outcome) => request(() => server.conclude(recording, outcome)),
    // Entries never leave the bucket here.
    keepLosses: (id) => request(() => server.recordings.has(id)),
    losses: () => request(() => undefined),
    get: (id) => request(() => server.recordings.get(id)),
    list: (limit) => request(() => [...server.recordings.values()].slice(0, limit))
  })
}
