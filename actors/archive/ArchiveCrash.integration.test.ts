import { Effect } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minioAvailable } from '../../deploy/local/testing/services.ts'
import { Buckets } from '../../runtime/Bucket.ts'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Recordings } from '../database/Recordings.ts'
import { archiveSegment } from './archiveSegment.ts'
import { finalizeRecording } from './finalizeRecording.ts'
import { giveUpSegment } from './giveUpSegment.ts'
import { performStep, performSteps } from './performSteps.ts'
import type { ArchiveRequest, Steps } from './steps.ts'
import type { ArchivePlaces } from './testing/archiveLayers.ts'
import { audio, expectWhole, filesOf, type Ground, hashesOf, places, source, startGround } from './testing/archiveWorld.ts'
import { finish, recordStream } from './testing/recordStream.ts'

/** Does the first `count` steps and then nothing more, as a process does that is killed there; the last step done, or undefined at the end. */
const crashAfter = <A>(steps: Steps<A>, count: number) =>
  Effect.gen(function* () {
    let step = steps.next(undefined)
    let last: ArchiveRequest | undefined
    for (let done = 0; done < count && step.done !== true; done += 1) {
      last = step.value
      step = steps.next(yield* performStep(step.value))
    }
    return step.done === true ? undefined : last
  })

/** Does the first `count` steps, then nothing for as long as one likes: the rest can be done later. Undefined where there are no more. */
const freezeAfter = <A>(steps: Steps<A>, count: number) =>
  Effect.gen(function* () {
    let step = steps.next(undefined)
    for (let done = 0; done < count && step.done !== true; done += 1) step = steps.next(yield* performStep(step.value))
    if (step.done === true) return undefined
    const rest = Effect.gen(function* () {
      while (step.done !== true) step = steps.next(yield* performStep(step.value))
      return step.value
    })
    return { before: step.value._tag, rest }
  })

const uris = (text: string): ReadonlyArray<string> => {
  const lines = text.split('\n')
  const gap = (index: number): boolean => lines[index - 1] === '#EXT-X-GAP' || lines[index - 2] === '#EXT-X-GAP'
  return lines.flatMap((line, index) => {
    const named = /^#EXT-X-(?:MAP|MEDIA):.*URI="([^"]+)"/.exec(line)?.[1]
    return named !== undefined ? [named] : line === '' || line.startsWith('#') || gap(index) ? [] : [line]
  })
}

/** Names in playlists that no object has, and rows whose object is not there. */
const dangling = async (ground: Ground, id: string, prefix: string): Promise<ReadonlyArray<string>> => {
  const files = await filesOf(ground, prefix)
  const named = [...files].filter(([name]) => name.endsWith('.m3u8')).flatMap(([name, bytes]) => {
    const folder = name.slice(0, name.lastIndexOf('/') + 1)
    return uris(new TextDecoder().decode(bytes)).map((uri) => `${folder}${uri}`)
  })
  const rows = await ground.runPromise(Recordings.use((recordings) => recordings.segments(id)))
  const stored = rows.flatMap(({ objectKey }) => (objectKey === null ? [] : [objectKey.slice(prefix.length)]))
  return [...named, ...stored].filter((name) => !files.has(name))
}

describe.skipIf(!minioAvailable())('the archive killed between any two of its steps', () => {
  let at: ArchivePlaces
  let ground: Ground
  beforeAll(async () => {
    at = await places('minio')
    ground = startGround(at)
  })
  afterAll(() => ground.dispose())

  const whole = async (id: string) => {
    const stream = await ground.runPromise(recordStream(id, [source, audio]))
    await ground.runPromise(finish(stream))
    return stream
  }

  it('has never an object or a row twice, no playlist or row names what is not there, and the end is the same', async () => {
    const clean = await whole('clean')
    for (const segment of clean.announcements) await ground.runPromise(performSteps(archiveSegment(segment, new Set())))
    expect(await ground.runPromise(performSteps(finalizeRecording('clean')))).toBe('Ready')

    const cut = await whole('cut')
    const points: Array<string> = []
    const status = () => ground.runPromise(Buckets.use(({ streams }) => Effect.map(streams.get('cut'), (entry) => entry?.value.status)))
    for (const segment of cut.announcements) {
      for (let count = 1; ; count += 1) {
        const last = await ground.runPromise(crashAfter(archiveSegment(segment, new Set()), count))
        expect(await dangling(ground, 'cut', cut.prefix)).toEqual([])
        if (last === undefined) break
        points.push(`segment ${last._tag}`)
      }
    }
    // Twice at each count: what was done before makes the second run shorter.
    for (let count = 2; ; count += 1) {
      const last = await ground.runPromise(crashAfter(finalizeRecording('cut'), Math.floor(count / 2)))
      expect(await dangling(ground, 'cut', cut.prefix)).toEqual([])
      if (last === undefined) break
      expect(await status()).toBe(last._tag === 'UpdateStream' ? StreamStatus.ARCHIVED : StreamStatus.ENDED)
      points.push(`recording ${last._tag}`)
    }
    expect(await status()).toBe(StreamStatus.ARCHIVED)
    const everyStep = ['ReadStream', 'ReadRow', 'ReadMedia', 'PutObject'].map((tag) => `segment ${tag}`)
    everyStep.push(...['ReadStream', 'ReadHead', 'ReadAnnounced', 'ReadAcknowledged', 'ReadRows', 'ListObjects', 'PutObject', 'HasObject', 'StorePoster', 'Conclude', 'ReadClock', 'Publish'].map((tag) => `recording ${tag}`))
    expect(everyStep.filter((step) => !points.includes(step))).toEqual([])

    expect(hashesOf(await filesOf(ground, cut.prefix))).toEqual(hashesOf(await filesOf(ground, clean.prefix)))
    const state = (id: string) => ground.runPromise(Recordings.use((recordings) => recordings.get(id)))
    const [a, b] = [await state('clean'), await state('cut')]
    expect({ ...b, id: a?.id, title: a?.title, keyPrefix: a?.keyPrefix, fenceToken: a?.fenceToken }).toEqual(a)
    await expectWhole(ground, cut.prefix)
  })

  it('has workers frozen anywhere, overtaken by others and thawed long after: what they still do changes nothing', async () => {
    const stream = await whole('zombies')
    const frozen: Array<{ readonly what: string; readonly thaw: () => Promise<unknown> }> = []
    /** Freezes one worker before each of the steps that this work has. */
    const freezeAll = async (what: string, begin: () => Steps<unknown>) => {
      for (let count = 1; ; count += 1) {
        const worker = await ground.runPromise(freezeAfter(begin(), count))
        if (worker === undefined) return
        frozen.push({ what: `${what} before ${worker.before}`, thaw: () => ground.runPromise(worker.rest) })
      }
    }
    const [first, second] = stream.announcements
    if (first === undefined || second === undefined) throw new Error('no segments')
    await freezeAll('archiving', () => archiveSegment(first, new Set()))
    await freezeAll('giving up', () => giveUpSegment(second, 'seen damaged by one worker', { seq: 1, subject: 'segments.zombies', data: new Uint8Array(1), time_ms: 0 }))
    for (const segment of stream.announcements) await ground.runPromise(performSteps(archiveSegment(segment, new Set())))
    await freezeAll('completing', () => finalizeRecording('zombies'))
    expect(await ground.runPromise(performSteps(finalizeRecording('zombies')))).toBe('Ready')
    const look = async () => ({
      rows: await ground.runPromise(Recordings.use((recordings) => Effect.all([recordings.get('zombies'), recordings.segments('zombies')]))),
      entry: await ground.runPromise(Buckets.use(({ streams }) => Effect.map(streams.get('zombies'), (entry) => entry?.value)))
    })
    const files = hashesOf(await filesOf(ground, stream.prefix))
    const before = await look()
    expect(frozen.length).toBeGreaterThan(20)
    for (const { what, thaw } of frozen) {
      await thaw()
      expect(await look(), what).toEqual(before)
    }
    expect(hashesOf(await filesOf(ground, stream.prefix))).toEqual(files)
  })
})
