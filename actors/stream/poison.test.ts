import { fromBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { framesIn } from '../inbox/ingestRecord.ts'
import { samplesIn } from '../packager/testing/logRules.ts'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording } from '../testing/recordings.ts'
import { drive, fragmentsIn, type Weather } from './testing/drive.ts'
import { calm } from './testing/moments.ts'
import { Inbox, inboxOf, joinedInboxOf, StreamWorld } from './testing/StreamWorld.ts'

interface Picture {
  readonly pts: number
  readonly isKey: boolean
  readonly chunk: number
}

const picturesOf = (name: string): ReadonlyArray<Picture> => {
  const source = recording(name)
  const { facts } = readSource(containerOf(source), chunksOf(source.chunks.map(({ bytes }) => bytes)))
  const chunkAt = factsOf({ facts }, 'VideoFrame')
  return chunkAt.map(({ pts, randomAccess }) => ({ pts, isKey: randomAccess !== undefined, chunk: (randomAccess?.position.ingestSeq ?? 0) - 1 }))
}

/**
 * Pictures that are not between a poisonous one and the next keyframe. The two before it may be lost too: FFmpeg gives one
 * only with the next, and how long the newest lasts is not known when it dies. (The first ones of a stream wait for more.)
 */
const healthy = (pictures: ReadonlyArray<Picture>, poison: ReadonlyArray<number>): { readonly must: ReadonlyArray<number>; readonly may: ReadonlyArray<number> } => {
  const lost = new Set<number>()
  for (const bad of poison) {
    const next = pictures.findIndex(({ isKey }, i) => i > bad && isKey)
    for (let i = bad; i < (next === -1 ? pictures.length : next); i += 1) lost.add(i)
  }
  const may = pictures.flatMap(({ pts }, i) => (lost.has(i) ? [] : [pts]))
  const before = new Set(poison.flatMap((bad) => [pictures[bad - 1]?.pts, pictures[bad - 2]?.pts]))
  return { may, must: may.filter((pts) => !before.has(pts)) }
}

const timesOf = (world: StreamWorld, rendition: string): ReadonlyArray<number> =>
  samplesIn(fragmentsIn(world), rendition).flatMap(({ data }) => {
    const time = /@(-?\d+)/.exec(new TextDecoder().decode(data))?.[1]
    return time === undefined ? [] : [Number(time)]
  })

const poisoned = (name: string, poison: ReadonlyArray<number>, weather: Weather, ladder: ReadonlyArray<number> = [], each = 1): StreamWorld => {
  const world = new StreamWorld(each === 1 ? inboxOf(recording(name)) : joinedInboxOf(recording(name), each), { ladder })
  world.poison = new Set(poison.map((i) => picturesOf(name)[i]?.pts ?? -1))
  drive(world, weather)
  return world
}

describe('a picture on which FFmpeg crashes', () => {
  for (const name of ['100ms-h264.webm', '100ms-avc3.mp4', 'vp8.webm']) {
    it(`costs the rest of its GOP and nothing else, whatever else dies: ${name}`, () => {
      const pictures = picturesOf(name)
      const which = fc.uniqueArray(fc.integer({ min: 12, max: pictures.length - 2 }), { minLength: 1, maxLength: 3 })
      const weathers: fc.Arbitrary<Weather> = fc.record({ seed: fc.nat(), crashes: fc.nat(4), drains: fc.nat(2), refusals: fc.constantFrom(0, 0.2), ticks: fc.constantFrom(0, 0.03) })
      fc.assert(fc.property(which, weathers, fc.constantFrom(1, 1, 4, 9), (poison, weather, each) => {
        const world = poisoned(name, poison, weather, [], each)
        expect(world.done?._tag).toBe('Finish')
        const { may, must } = healthy(pictures, poison)
        const times = timesOf(world, 'source')
        expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
        expect(times.filter((time) => !may.includes(time))).toEqual([])
        expect(must.filter((time) => !times.includes(time))).toEqual([])
        const { losses, lostChunks, poisonChunks } = world.media.at(-1)?.record.checkpoint ?? {}
        expect([lostChunks, losses?.every(({ kind }) => kind === LossKind.POISON)]).toEqual([0n, true])
        const counted = new Set(losses?.flatMap(({ firstSeq, chunks }) => Array.from({ length: chunks }, (_, i) => firstSeq + i)))
        expect(poisonChunks).toBe(BigInt(losses?.reduce((sum, { chunks }) => sum + chunks, 0) ?? 0))
        for (const { entry } of world.parked) {
          const { body } = fromBinary(IngestRecordSchema, entry.data)
          if (body.case !== 'chunk') continue
          for (let i = 0; i < framesIn(body.value); i++) counted.delete(body.value.seq + i)
        }
        expect([...counted]).toEqual([])
      }), { numRuns: 20 })
    })
  }

  it('is parked with the reason and what has to come before it', () => {
    const world = poisoned('100ms-h264.webm', [40], calm)
    const [first] = world.parked
    expect(first?.reason).toMatch(/^from byte \d+ of epoch 0 on: it broke 2 activations in a row: FFmpeg was ended by SIGSEGV: it hurts$/)
    expect(Buffer.from(first?.context.subarray(0, 4) ?? []).toString('hex')).toBe('1a45dfa3')
    expect(world.heard('loss').map(({ event }) => event.value.kind)).toEqual([LossKind.POISON])
  })

  it('is passed over also where nothing of the stream was published yet', () => {
    for (const bad of [0, 1]) {
      const world = poisoned('100ms-h264.webm', [bad], calm)
      expect(timesOf(world, 'source')).toEqual(picturesOf('100ms-h264.webm').slice(31).map(({ pts }) => pts))
    }
  })

  it('is passed over once the next keyframe comes; until then what comes is parked', () => {
    const name = '100ms-h264.webm'
    const whole = inboxOf(recording(name))
    const inbox = new Inbox()
    inbox.entries.push(...whole.entries.slice(0, 14))
    const world = new StreamWorld(inbox)
    world.poison = new Set([picturesOf(name)[35]?.pts ?? -1])
    const idle = (): boolean => world.delivered === inbox.entries.length && world.parking.length === 0 && world.state.poison !== undefined && world.state.backlog.length === 0
    drive(world, calm, idle)
    expect(world.parked.length).toBeGreaterThan(0)
    world.takeOver()
    drive(world, calm, idle)
    inbox.entries.push(...whole.entries.slice(14))
    drive(world, { ...calm, crashes: 2 })
    expect(timesOf(world, 'source').slice(-59)).toEqual(picturesOf(name).slice(61).map(({ pts }) => pts))
  })
})

it('FFmpeg killed from outside as often as one likes costs nothing', () => {
  const name = '100ms-h264.webm'
  const world = new StreamWorld(inboxOf(recording(name)))
  for (let kills = 0; kills < 12; kills += 1) {
    drive(world, { ...calm, seed: kills }, () => world.delivered > 8 + kills && world.state.run?.phase === 'Feeding' && world.appending === undefined)
    world.send({ _tag: 'Child', run: world.state.run?.number ?? 0, event: { _tag: 'Exited', code: null, signal: 'SIGKILL', complete: false, stderr: '' } })
  }
  drive(world, calm)
  expect(timesOf(world, 'source')).toEqual(picturesOf(name).map(({ pts }) => pts))
  expect(world.media.at(-1)?.record.checkpoint).toMatchObject({ poisonChunks: 0n, discontinuities: 0 })
})
