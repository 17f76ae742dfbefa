import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseMedia } from '../../actors/playlist/testing/parsePlaylist.ts'
import { checkMedia } from '../../actors/playlist/testing/rules.ts'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { type Appender, Log } from '../../runtime/Log.ts'
import { Nats } from '../../runtime/Nats.ts'
import { MediaWriter } from '../testing/MediaWriter.ts'
import { encodeMedia } from '../testing/realMedia.ts'
import type { EncodedTrack } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

let early: Edge
let late: Edge
let tracks: ReadonlyArray<EncodedTrack>

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  early = await startEdge(world)
  late = await startEdge(world)
  tracks = encodeMedia(16)
})
afterAll(async () => {
  await early.stop()
  await late.stop()
})

/** Turns one record on its way to the log into something else. */
type Spoil = (data: Uint8Array) => Uint8Array

type Stream = Awaited<ReturnType<typeof newStream>>

const newStream = async () => {
  const id = newId()
  const run = <A, E>(effect: Effect.Effect<A, E, Buckets | Log | Nats>): Promise<A> => early.runtime.runPromise(effect)
  await run(Buckets.use(({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, createdAtMs: 1n, keyPrefix: `recordings/${id}/` }))))
  const log = await run(Log)
  const at = log.subject('media', id)
  let spoilNext: Spoil | undefined
  const real = log.appender(at, 0)
  // The same compare-and-set, so that the log itself has nothing to complain about.
  const appender: Appender = {
    ...real,
    append: (data) => {
      const spoil = spoilNext
      spoilNext = undefined
      return real.append(spoil === undefined ? data : spoil(data))
    }
  }
  const writer = new MediaWriter(appender, tracks, 30)
  await run(writer.takeOver())
  return {
    id,
    writer,
    write: (duration_s: number) => run(writer.write(duration_s)),
    /** The next tenth of a second, spoilt. */
    writeSpoilt: (spoil: Spoil) => {
      spoilNext = spoil
      return run(writer.step())
    },
    remove: (seq: number) => run(Nats.use((nats) => Effect.promise(() => nats.manager.streams.deleteMessage(at.log, seq)))),
    end: () => run(writer.end())
  }
}

const textOf = async (edge: Edge, path: string): Promise<string> => {
  const response = await fetch(`${edge.url}${path}`)
  const text = await response.text()
  expect(response.status, `${path}: ${text.slice(0, 200)}`).toBe(200)
  return text
}

const garbage: Spoil = (data) => data.map(() => 0xff)
const brokenChecksum: Spoil = (data) => {
  const record = fromBinary(MediaRecordSchema, data)
  if (record.body.case === 'fragments') for (const fragment of record.body.value.fragments) fragment.crc32c = (fragment.crc32c ^ 1) >>> 0
  return toBinary(MediaRecordSchema, record)
}

/** An edge learns of a record a moment after it is stored. */
const readThrough = ({ follower }: Edge, id: string, seq: number) =>
  Effect.scoped(Effect.flatMap(follower.follow(id), (stream) => stream.when(() => (stream.seq >= seq ? true : undefined)))).pipe(Effect.timeout(10_000))

/** Holds both edges against each other and the rules, and what they serve against what they list. Gives the segments of a rendition that come behind a loss. */
const behindLosses = async ({ id, writer }: Stream, rendition: string): Promise<ReadonlyArray<number>> => {
  const path = `/live/${id}/${rendition}`
  await Promise.all([early, late].map((edge) => edge.runtime.runPromise(readThrough(edge, id, writer.seqs.at(-1) ?? 0))))
  const [first, second] = [await textOf(early, `${path}/playlist.m3u8`), await textOf(late, `${path}/playlist.m3u8`)]
  expect(second).toBe(first)
  expect(checkMedia(first).broken).toEqual([])
  const { segments, losses, discontinuitySequence } = parseMedia(first)
  for (const { uri, gap, parts } of segments) {
    for (const listed of [...parts, ...(uri === undefined ? [] : [{ uri, gap }])]) {
      const statuses = await Promise.all([early, late].map(async (edge) => (await fetch(`${edge.url}${path}/${listed.uri}`, { method: 'HEAD' })).status))
      expect(statuses, listed.uri).toEqual(listed.gap ? [404, 404] : [200, 200])
    }
  }
  const behind = segments.filter(({ gap, discontinuity }, index) => !gap && discontinuity > (segments.slice(0, index).findLast((before) => !before.gap)?.discontinuity ?? discontinuitySequence)).map(({ msn }) => msn)
  expect(losses.map((loss) => loss.id)).toEqual(behind.map((msn) => `loss-${msn}`))
  return behind
}

it.each([
  ['a record whose bytes do not match their checksums', brokenChecksum],
  ['a record that is no protobuf', garbage]
])('ends a segment before %s and goes on with the next, on an edge that followed and on one that came later', async (_, spoil) => {
  const stream = await newStream()
  await stream.write(2.5)
  await textOf(early, `/live/${stream.id}/source/playlist.m3u8`)
  await stream.writeSpoilt(spoil)
  await stream.write(5)
  await until(() => (early.counters.values().record_damaged ?? 0) > 0, 'the edge has counted it')
  expect(await behindLosses(stream, 'source')).toEqual([2])
  expect(await behindLosses(stream, 'audio')).toEqual([2])
  await stream.end()
  expect(await behindLosses(stream, 'source')).toEqual([2])
})

it('goes on behind records that are gone, also behind whole segments of them', async () => {
  const stream = await newStream()
  await stream.write(2.5)
  const before = stream.writer.seqs.length
  await stream.write(4)
  for (const seq of stream.writer.seqs.slice(before, before + 35)) await stream.remove(seq)
  await stream.write(3)
  expect(await behindLosses(stream, 'source')).toEqual([3])
  expect(await behindLosses(stream, 'audio')).toEqual([3])
  const { segments } = parseMedia(await textOf(late, `/live/${stream.id}/source/playlist.m3u8`))
  expect(segments.map(({ msn, duration_s }) => [msn, duration_s])).toMatchObject([[0, 2], [1, expect.any(Number)], [2, 0], [3, 2], [4, undefined]])
  expect(segments.map(({ gap }) => gap)).toEqual([false, false, true, false, false])
})

it('serves viewers although the newest record cannot be read, from the one before it', async () => {
  const stream = await newStream()
  await stream.write(4.5)
  await stream.writeSpoilt(garbage)
  const playlist = parseMedia(await textOf(early, `/live/${stream.id}/source/playlist.m3u8`))
  expect(playlist.segments.map(({ gap }) => gap)).toEqual([false, false, false])
  await stream.write(2)
  expect(await behindLosses(stream, 'source')).toEqual([3])
})

it('gives a viewer who waits for a part that is lost the playlist that goes on behind it', async () => {
  const stream = await newStream()
  await stream.write(2.5)
  const path = `/live/${stream.id}/source/playlist.m3u8`
  const open = parseMedia(await textOf(early, path)).segments.at(-1)
  const held = textOf(early, `${path}?_HLS_msn=${open?.msn}&_HLS_part=${open?.parts.length}`)
  for (let lost = 0; lost < 4; lost += 1) await stream.writeSpoilt(garbage)
  await stream.write(1.5)
  const answer = parseMedia(await held)
  expect(answer.segments.at(-1)).toMatchObject({ msn: (open?.msn ?? 0) + 1, discontinuity: 1, parts: [{ independent: true }] })
  expect(answer.losses).toHaveLength(1)
})
