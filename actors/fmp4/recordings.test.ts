import { Result } from 'effect'
import { expect, it } from 'vitest'
import { recording } from '../testing/recordings.ts'
import { BoxSplitter } from './boxes.ts'
import type { Box } from './boxes.ts'
import { readFragment } from './readFragment.ts'
import { readInit } from './readInit.ts'
import type { Sample } from './sample.ts'

const boxesOf = (name: string): ReadonlyArray<Box> => {
  const splitter = new BoxSplitter()
  const boxes = recording(name).chunks.flatMap((chunk) => splitter.push(chunk.bytes).boxes)
  expect(splitter.atBorder).toBe(true)
  return boxes
}

const initOf = (name: string): Uint8Array =>
  Buffer.concat(
    boxesOf(name)
      .filter((box) => box.type === 'ftyp' || box.type === 'moov')
      .map((box) => box.bytes),
  )

const samplesOf = (name: string): ReadonlyArray<Sample> => {
  const boxes = boxesOf(name)
  return boxes.flatMap((box, index) => {
    const mdat = boxes[index + 1]
    return box.type === 'moof' && mdat !== undefined ? Result.getOrThrow(readFragment(box, mdat)) : []
  })
}

it("reads a browser's own init segments of one track", () => {
  expect(Result.getOrThrow(readInit(initOf('videoonly-avc1.mp4')))).toMatchObject({
    kind: 'video',
    codec: 'avc1.42c01f',
    width: 640,
    height: 480,
  })
  expect(Result.getOrThrow(readInit(initOf('audioonly.mp4')))).toMatchObject({
    kind: 'audio',
    codec: 'opus',
    channels: 1,
    sampleRate: 48_000,
  })
})

it('refuses an init segment of two tracks, and one that is cut short', () => {
  expect(Result.getOrThrow(Result.flip(readInit(initOf('100ms-avc3.mp4')))).message).toContain('2 tracks')
  const whole = initOf('videoonly-avc1.mp4')
  for (let length = 0; length < whole.length; length += 7) {
    expect(Result.isFailure(readInit(whole.subarray(0, length)))).toBe(true)
  }
})

it("reads every sample of a browser's own fragments", () => {
  const video = samplesOf('videoonly-avc1.mp4')
  expect(video).toHaveLength(recording('videoonly-avc1.mp4').frames)
  expect(video.filter((sample) => sample.keyframe).length).toBeGreaterThanOrEqual(4)
  expect(samplesOf('audioonly.mp4')).toHaveLength(recording('audioonly.mp4').audioPackets ?? 0)
})
