import { beforeAll, expect, test } from 'vitest'
import { type Recording, recording } from '../actors/testing/recordings.ts'
import type { DecodedFrame } from './kit/decode.ts'
import { audioFacts, decodeCapture, decodeRecording, timingFaults } from './kit/comparison.ts'
import type { Capture } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishRecording } from './kit/publishRecording.ts'
import { readRecording, watchAll } from './kit/watching.ts'

const platform = usePlatform()
let node: PlatformNode

beforeAll(async () => {
  node = await platform.start()
})

const opusPacket_s = 0.06
/** Encoder delay and the last, padded frame. */
const audioSlack_s = 0.1

/** No part can be shorter than a frame: the one before a stall lasts until a still takes its place, and later the camera makes five a second. */
const stalledPart = /^part_\d+_\d+\.m4s lasts (2\.0\d+|0\.2\d?) s, above the part target/

/** Where the source has no picture for longer than this, a still stands for it. */
const stall_s = 1

/** The frames that are the source's own. */
const withoutStills = (frames: ReadonlyArray<DecodedFrame>, source: ReadonlyArray<DecodedFrame>): ReadonlyArray<DecodedFrame> => {
  const shift_s = (frames[0]?.pts_s ?? 0) - (source[0]?.pts_s ?? 0)
  const stalls = source.flatMap(({ pts_s }, i) => {
    const next_s = source[i + 1]?.pts_s ?? pts_s
    return next_s - pts_s > stall_s ? [{ from_s: pts_s + shift_s + 0.01, to_s: next_s + shift_s - 0.01 }] : []
  })
  return frames.filter(({ pts_s }) => !stalls.some(({ from_s, to_s }) => pts_s > from_s && pts_s < to_s))
}

const expectVideo = async (capture: Capture | undefined, source: Recording): Promise<void> => {
  if (capture === undefined) throw new Error('there is no video rendition')
  const decoded = await decodeCapture(capture)
  const expected = await decodeRecording(source)
  expect(expected.frames.length).toBe(source.frames)
  expect(decoded.complaints).toEqual([])
  const frames = withoutStills(decoded.frames, expected.frames)
  expect(timingFaults(frames, expected.frames)).toEqual([])
  const isCopied = /avc|h264/.test(source.mimeType)
  if (isCopied) expect(frames.map(({ md5 }) => md5)).toEqual(expected.frames.map(({ md5 }) => md5))
}

const expectAudio = async (capture: Capture | undefined, source: Recording): Promise<void> => {
  if (capture === undefined) throw new Error('there is no audio rendition')
  const facts = await audioFacts(capture)
  const last_s = (source.chunks.at(-1)?.at_ms ?? 0) / 1000
  const expected_s = source.audioPackets === undefined ? last_s : source.audioPackets * opusPacket_s
  expect(Math.abs(facts.decoded_s - expected_s)).toBeLessThan(source.audioPackets === undefined ? 0.3 : audioSlack_s)
  expect(facts.worstGap_s).toBeLessThan(0.001)
}

const expectWhole = async (renditions: ReadonlyMap<string, Capture>, source: Recording): Promise<void> => {
  const hasVideo = source.frames > 0
  const hasAudio = source.audioPackets !== 0
  expect([...renditions.keys()].sort()).toEqual([...(hasAudio ? ['audio'] : []), ...(hasVideo ? ['source'] : [])])
  for (const capture of renditions.values()) expect(capture).toMatchObject({ ended: true, complaints: [] })
  if (hasVideo) await expectVideo(renditions.get('source'), source)
  if (hasAudio) await expectAudio(renditions.get('audio'), source)
}

test.concurrent.each([
  'h264.webm',
  'vp8.webm',
  'vp9.webm',
  'stall-h264.webm',
  'stall-vp8.webm',
  '100ms-avc3.mp4',
  '100ms-h264.webm',
  'videoonly-avc1.mp4',
  'videoonly-h264.webm',
  'audioonly.mp4',
  'audioonly.webm',
])('%s comes out whole: every frame once, in order and at its time, live and in the archive', async (name) => {
  const source = recording(name)
  const id = name.replace('.', '-')
  const publishing = publishRecording(node.url, source, { recordingId: id })
  const watching = watchAll(node.url, id)
  const publisher = await publishing
  expect(publisher.acknowledged()).toBe(source.chunks.length)
  const stopped = await publisher.stop()
  expect(stopped.recordingId).toBe(id)
  const live = await watching
  for (const { broken, revisions } of live.values()) {
    expect([...broken].filter((fault) => !(name.startsWith('stall') && stalledPart.test(fault)))).toEqual([])
    expect(revisions).toBeGreaterThan(5)
  }
  await expectWhole(live, source)
  await expectWhole(await readRecording(node.url, id), source)
})
