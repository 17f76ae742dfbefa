import { beforeAll, expect, test } from 'vitest'
import { recording } from '../actors/testing/recordings.ts'
import { decodeCapture, decodeRecording, timingFaults } from './kit/comparison.ts'
import { readKeyframes } from './kit/decode.ts'
import { type Capture, capturedRuns } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishRecording } from './kit/publishRecording.ts'
import { readRecording, watchAll } from './kit/watching.ts'

const platform = usePlatform({ environment: { LADDER: '360p,240p' } })
let node: PlatformNode

beforeAll(async () => {
  node = await platform.start()
})

const videos = ['source', '360p', '240p']

/** Length of each segment in ms, by its number. */
const segmentLengths = ({ media }: Capture): ReadonlyMap<number, number> => {
  const lengths = new Map<number, number>()
  for (const { msn, duration_s } of media) lengths.set(msn, Math.round((lengths.get(msn) ?? 0) + duration_s * 1000))
  return lengths
}

const expectRungs = async (renditions: ReadonlyMap<string, Capture>, source: ReturnType<typeof recording>): Promise<void> => {
  expect([...renditions.keys()].sort()).toEqual(['audio', ...videos].sort())
  const expected = await decodeRecording(source)
  const lengths: Array<ReadonlyMap<number, number>> = []
  const keyframes: Array<ReadonlyArray<number>> = []
  for (const name of videos) {
    const capture = renditions.get(name)
    if (capture === undefined) throw new Error(`there is no ${name}`)
    expect(capture).toMatchObject({ ended: true, complaints: [] })
    const decoded = await decodeCapture(capture)
    expect(decoded.complaints).toEqual([])
    expect(decoded.frames.length).toBe(240)
    expect(timingFaults(decoded.frames, expected.frames)).toEqual([])
    lengths.push(segmentLengths(capture))
    keyframes.push(await readKeyframes(capturedRuns(capture)[0] ?? []))
  }
  expect(keyframes[0]?.length).toBeGreaterThan(1)
  for (const index of [1, 2]) {
    expect(keyframes[index]).toEqual(keyframes[0])
    expect([...(lengths[index]?.keys() ?? [])]).toEqual([...(lengths[0]?.keys() ?? [])])
    for (const [msn, length_ms] of lengths[0] ?? []) expect(Math.abs((lengths[index]?.get(msn) ?? 0) - length_ms)).toBeLessThanOrEqual(10)
  }
}

test.concurrent.each(['h264.webm', 'vp8.webm', 'vp9.webm'])(
  '%s with two rungs below it: each rendition has every frame once, keyframes at the same times, segments of the same length',
  async (name) => {
    const source = recording(name)
    const id = name.replace('.', '-')
    const publishing = publishRecording(node.url, source, { recordingId: id })
    const watching = watchAll(node.url, id)
    const publisher = await publishing
    await publisher.stop()
    const live = await watching
    for (const { broken } of live.values()) expect([...broken]).toEqual([])
    await expectRungs(live, source)
    await expectRungs(await readRecording(node.url, id), source)
  },
)
