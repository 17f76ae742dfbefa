import { expect, test } from 'vitest'
import { type Recording, recording } from '../actors/testing/recordings.ts'
import { until } from '../actors/archive/testing/until.ts'
import { audioFacts, decodeCapture, decodeRecording, fragmentStarts, timingFaults } from './kit/comparison.ts'
import type { Capture } from './kit/hlsReader.ts'
import { type Platform, type PlatformNode, usePlatform } from './kit/nodes.ts'
import { isRunning } from './kit/processes.ts'
import type { Publisher } from './kit/publisher.ts'
import { publishRecording } from './kit/publishRecording.ts'
import { readRecording, watchAll } from './kit/watching.ts'

const ofFfmpeg = usePlatform()
const ofNode = usePlatform()
const ofZombie = usePlatform()

interface World {
  readonly edge: PlatformNode
  readonly actors: ReadonlyArray<PlatformNode>
}

const startWorld = async (platform: Platform, actors: number): Promise<World> => {
  const edge = platform.start({ name: 'edge', roles: 'edge,archive' })
  const others = Array.from({ length: actors }, (_, index) => platform.start({ name: `actors-${index}`, roles: 'actors' }))
  return { edge: await edge, actors: await Promise.all(others) }
}

/** The node that runs this platform's only stream, its FFmpeg, and the other node. */
interface Ownership {
  readonly owner: PlatformNode
  readonly ffmpeg: number
  readonly other: PlatformNode | undefined
}

const ownershipIn = (actors: ReadonlyArray<PlatformNode>): Ownership => {
  const owner = actors.find((node) => node.ffmpegs().length > 0)
  const ffmpeg = owner?.ffmpegs()[0]
  if (owner === undefined || ffmpeg === undefined) throw new Error('nobody runs the stream')
  return { owner, ffmpeg, other: actors.find((node) => node !== owner) }
}

const expectVideo = async (capture: Capture | undefined, source: Recording): Promise<void> => {
  if (capture === undefined) throw new Error('there is no video rendition')
  const decoded = await decodeCapture(capture)
  const expected = await decodeRecording(source)
  expect(decoded.complaints).toEqual([])
  expect(decoded.frames.length).toBe(source.frames)
  expect(timingFaults(decoded.frames, expected.frames)).toEqual([])
  if (source.mimeType.includes('h264')) expect(decoded.frames.map(({ md5 }) => md5)).toEqual(expected.frames.map(({ md5 }) => md5))
}

const expectGoingForward = (capture: Capture): void => {
  const starts = fragmentStarts(capture)
  expect(starts.length).toBeGreaterThan(20)
  expect(starts.filter((start, index) => start <= (starts[index - 1] ?? -1))).toEqual([])
}

const expectWhole = async (renditions: ReadonlyMap<string, Capture>, source: Recording): Promise<void> => {
  for (const capture of renditions.values()) {
    expect(capture).toMatchObject({ ended: true, complaints: [] })
    expectGoingForward(capture)
  }
  await expectVideo(renditions.get('source'), source)
  const audio = renditions.get('audio')
  if (audio === undefined) throw new Error('there is no audio rendition')
  const { worstGap_s, decoded_s } = await audioFacts(audio)
  expect(worstGap_s).toBeLessThan(0.001)
  expect(Math.abs(decoded_s - (source.chunks.at(-1)?.at_ms ?? 0) / 1000)).toBeLessThan(0.3)
}

interface Fault {
  readonly id: string
  readonly source: Recording
  /** Chunk before which it strikes. */
  readonly at: number
  readonly strike: (publisher: Publisher) => void | Promise<void>
}

/** Streams a recording through a fault and holds all that came out, live and archived, against it. */
const expectNothingLost = async ({ edge }: World, { id, source, at, strike }: Fault): Promise<void> => {
  const publishing = publishRecording(edge.url, source, { recordingId: id, onChunk: (index, publisher) => (index === at ? strike(publisher) : undefined) })
  const watching = watchAll(edge.url, id)
  const publisher = await publishing
  expect(publisher.acknowledged()).toBe(source.chunks.length)
  await publisher.stop()
  const live = await watching
  for (const { broken } of live.values()) expect([...broken]).toEqual([])
  await expectWhole(live, source)
  await expectWhole(await readRecording(edge.url, id), source)
}

const untilGone = (pid: number): Promise<true> => until(`process ${pid} is gone`, async () => (isRunning(pid) ? undefined : true), 5_000)

test.concurrent('killing FFmpeg in the middle loses nothing and shows nothing twice, whether it copies or encodes', async () => {
  const world = await startWorld(ofFfmpeg, 1)
  const [actor] = world.actors
  if (actor === undefined) throw new Error('there is no actor node')
  const killed: Array<number> = []
  const killAll = (): void => {
    for (const pid of actor.ffmpegs()) {
      killed.push(pid)
      process.kill(pid, 'SIGKILL')
    }
  }
  await Promise.all([
    expectNothingLost(world, { id: 'copying', source: recording('h264.webm'), at: 11, strike: killAll }),
    expectNothingLost(world, { id: 'encoding', source: recording('vp8.webm'), at: 0, strike: () => undefined }),
  ])
  expect(killed.length).toBe(2)
  expect(isRunning(actor.pid)).toBe(true)
})

test.concurrent('killing the actor node in the middle loses nothing: another takes over, and no FFmpeg is left behind', async () => {
  const world = await startWorld(ofNode, 2)
  let before: Ownership | undefined
  let after: number | undefined
  await expectNothingLost(world, {
    id: 'node-killed',
    source: recording('h264.webm'),
    at: 11,
    strike: () => {
      before = ownershipIn(world.actors)
      before.owner.signal('SIGKILL')
      const { other } = before
      void until('the other node runs the stream', async () => other?.ffmpegs()[0]).then((pid) => (after = pid))
    },
  })
  if (before === undefined) throw new Error('nothing was killed')
  expect((await before.owner.exited).signal).toBe('SIGKILL')
  expect(after).toBeGreaterThan(0)
  await untilGone(before.ffmpeg)
})

test.concurrent('an owner that was frozen past its lease is fenced when it wakes: it stops its FFmpeg, writes nothing, and nothing is lost', async () => {
  const world = await startWorld(ofZombie, 2)
  let zombie: Ownership | undefined
  await expectNothingLost(world, {
    id: 'owner-frozen',
    source: recording('h264.webm'),
    at: 9,
    strike: async () => {
      const frozen = ownershipIn(world.actors)
      zombie = frozen
      frozen.owner.signal('SIGSTOP')
      await until('the other node runs the stream', async () => frozen.other?.ffmpegs()[0], 8_000)
      expect(isRunning(frozen.ffmpeg)).toBe(true)
      frozen.owner.signal('SIGCONT')
      await untilGone(frozen.ffmpeg)
      expect(frozen.other?.ffmpegs().length).toBe(1)
    },
  })
  if (zombie === undefined) throw new Error('nothing was frozen')
  expect(zombie.owner.ffmpegs()).toEqual([])
  expect(isRunning(zombie.owner.pid)).toBe(true)
  expect(zombie.owner.log()).toContain('Superseded')
})
