import { fromBinary } from '@bufbuild/protobuf'
import { DeadLetterSchema } from '../../../proto/gen/millrace/v1/dead_letter_pb.js'
import type { LogWitness, NatsServer } from '../server/NatsServer.ts'
import type { DatabaseServer, StoreServer } from '../server/Backend.ts'
import type { ArchiveWitness } from '../process/backendServices.ts'
import type { StoredMessage } from '../server/SimulatedLog.ts'
import type { World } from '../world/World.ts'
import type { SimulatedProcess } from '../process/SimulatedProcess.ts'
import { type StreamState, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { mediaCodec } from '../../../actors/stream/mediaCodec.ts'
import { framesIn } from './MediaTruth.ts'
import type { StreamTruth } from './StreamTruth.ts'

/** Watches everything that is written, whoever writes it and whoever learns of it. */
export class Watch implements LogWitness, ArchiveWitness {
  readonly #world: World
  readonly #server: NatsServer
  readonly #store: StoreServer
  readonly #database: DatabaseServer
  readonly #truths: ReadonlyMap<string, StreamTruth>
  readonly #isWell: (process: SimulatedProcess) => boolean
  readonly #owners = new Map<string, SimulatedProcess>()

  constructor(world: World, server: NatsServer, store: StoreServer, database: DatabaseServer, truths: ReadonlyMap<string, StreamTruth>, isWell: (process: SimulatedProcess) => boolean) {
    this.#isWell = isWell
    this.#world = world
    this.#server = server
    this.#store = store
    this.#database = database
    this.#truths = truths
  }

  readonly stored = (log: string, message: StoredMessage, by: string): void => {
    const [kind, , id = ''] = message.subject.split('.')
    if (kind === 'ingest' || kind === 'media') this.#world.noteBytes(message.data)
    this.#world.note(`stored in ${log}`, by, message.seq)
    if (kind === 'dead') this.#truths.get(id)?.givenUp(fromBinary(DeadLetterSchema, message.data).body)
    if (kind === 'ingest') this.#truths.get(id)?.ingest(message)
    if (kind === 'media') this.#truths.get(id)?.media.stored(message, by)
  }

  readonly leased = (key: string, owner: SimulatedProcess | undefined): void => {
    const before = this.#owners.get(key)
    if (owner === undefined) this.#owners.delete(key)
    else this.#owners.set(key, owner)
    if (owner === undefined || before === undefined || before === owner || !this.#isWell(before)) return
    this.#world.violate('nobody takes what a node that is well has', `${owner.name} takes ${key} from ${before.name}`)
  }

  readonly purging = (name: string, before: number, subject: string | undefined, by: string): void => {
    this.#world.note(`purge of ${name}`, by, before)
    if (name === 'SEGMENTS') return
    for (const truth of this.#truths.values()) this.#purged(truth, name, before, subject)
  }

  #purged(truth: StreamTruth, name: string, before: number, subject: string | undefined): void {
    if (name.startsWith('INGEST') && this.#ingest(name, truth.id).length > 0 && (subject === undefined || subject.endsWith(`.${truth.id}`))) truth.ingestPurged(before)
    const entry = this.#server.buckets.streams.get(truth.id)?.value as StreamState | undefined
    if (entry === undefined || entry.status === StreamStatus.ARCHIVED) return
    const log = this.#server.log(name)
    const needs = (kind: string, seq: number | undefined, why: string): void => {
      const own = Object.keys(log.subjects()).find((one) => one.startsWith(`${kind}.`) && one.endsWith(`.${truth.id}`))
      if (seq === undefined || own === undefined || seq >= before || (subject !== undefined && subject !== own)) return
      this.#world.violate('nothing is trimmed that somebody still needs', `${truth.id}: ${name} before ${before}, ${why} at ${seq}`)
    }
    const { head, segments } = truth.media
    const live = entry.status === StreamStatus.LIVE
    if (name.startsWith('INGEST') && live) {
      // An owner that has read nothing yet resumes at 1, though its stream begins wherever the log was when it came.
      const resumeSeq = head === undefined ? 1 : mediaCodec.stampOf(head.record).resumeSeq
      const own = this.#ingest(name, truth.id)
      needs('ingest', own.find(({ seq }) => seq >= resumeSeq)?.seq, 'a successor resumes')
      needs('ingest', own.at(-1)?.seq, 'its publisher builds on the record')
    }
    if (!name.startsWith('MEDIA')) return
    needs('media', head?.seq, 'the head stands')
    if (live) needs('media', Number(head?.record.checkpoint?.windowStartSeq) || undefined, 'the live window begins')
    for (const { rendition, msn, firstSeq } of segments.values()) if (this.#database.segment(truth.id, rendition, msn) === undefined) needs('media', firstSeq, `segment ${rendition}/${msn} is not archived, and begins`)
  }

  #ingest(name: string, id: string): ReadonlyArray<StoredMessage> {
    const log = this.#server.log(name)
    const own = Object.keys(log.subjects()).find((one) => one.endsWith(`.${id}`))
    return own === undefined ? [] : log.from(1, Number.MAX_SAFE_INTEGER, own)
  }

  readonly put = (key: string, bytes: Uint8Array, by: string): void => {
    this.#world.note('object stored', by, key)
    const [, , , , id = '', , rendition = '', file = ''] = key.split('/')
    const truth = this.#truths.get(id)
    if (truth === undefined) return
    const number = /^segment_(\d+)\.m4s$/.exec(file)?.[1]
    if (number !== undefined) this.#segment(truth, rendition, Number(number), bytes, key, by)
    if (file.endsWith('.m3u8')) this.#playlist(key, bytes)
  }

  #segment(truth: StreamTruth, rendition: string, msn: number, bytes: Uint8Array, key: string, by: string): void {
    const segment = truth.media.segments.get(`${rendition}/${msn}`)
    const same = segment !== undefined && Buffer.compare(Buffer.concat(segment.data), bytes) === 0
    if (!same) this.#world.violate('an archived segment is what MEDIA has', `${key} by ${by}: ${framesIn(bytes).length} frames, MEDIA has ${segment === undefined ? 'no such segment' : framesIn(Buffer.concat(segment.data)).length}`)
  }

  #playlist(key: string, bytes: Uint8Array): void {
    const folder = key.slice(0, key.lastIndexOf('/') + 1)
    const text = Buffer.from(bytes).toString()
    const named = [...text.matchAll(/^([^#\n]+)$/gm), ...text.matchAll(/URI="([^"]+)"/g)].map(([, uri]) => `${folder}${uri}`)
    for (const uri of named) if (!this.#store.objects.has(uri)) this.#world.violate('no playlist names an object that is not there', `${key} names ${uri}`)
  }

  /** The log may be trimmed between an edge's look at its head and its first read: noted, and what viewers get is watched anyway. */
  readonly damaged = (by: string): void => this.#world.note('a record is not whole', by)

  readonly row = (id: string, rendition: string, msn: number, by: string): void => {
    this.#world.note('row written', by, `${id}/${rendition}/${msn}`)
    const row = this.#database.segment(id, rendition, msn)
    if (row === undefined) return
    if (row.objectKey === null) this.#world.violate('no segment is lost', `${id}/${rendition}/${msn}: ${row.reason}`)
    else if (!this.#store.objects.has(row.objectKey)) this.#world.violate('no row names an object that is not there', row.objectKey)
  }
}
