import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeFragment } from '../fmp4/writeFragment.ts'
import type { Sample } from '../fmp4/sample.ts'
import { recording } from '../testing/recordings.ts'
import { ffmpegArguments } from './arguments.ts'
import { Ffmpeg } from './FfmpegChild.ts'
import type { FfmpegPlan, OutputPlan } from './plan.ts'
import { RenditionReader } from './RenditionReader.ts'
import type { RenditionOutput } from './RenditionReader.ts'
import { eventually, runToEnd, withChild } from './testing/collect.ts'
import type { Collected } from './testing/collect.ts'
import { frameHashes, sourcePts, withFolder } from './testing/probe.ts'

const copy: OutputPlan = { _tag: 'CopyVideo', rendition: 'source' }
const encode: OutputPlan = { _tag: 'EncodeVideo', rendition: 'source', width: 640, height: 480, bitrate_kbps: 1_000 }
const rung360: OutputPlan = { _tag: 'EncodeVideo', rendition: '360p', width: 480, height: 360, bitrate_kbps: 700 }
const rung240: OutputPlan = { _tag: 'EncodeVideo', rendition: '240p', width: 320, height: 240, bitrate_kbps: 400 }
const audio: OutputPlan = { _tag: 'EncodeAudio', rendition: 'audio' }

const OFFSET_MS = 10_000
const recordingPath = (name: string): string => join(import.meta.dirname, '../testing/recordings', name)

const planFor = (name: string, outputs: ReadonlyArray<OutputPlan>): FfmpegPlan => ({
  container: name.endsWith('.mp4') ? 'mp4' : 'webm',
  timelineOffset_ms: OFFSET_MS,
  outputs,
})

const run = async (name: string, outputs: ReadonlyArray<OutputPlan>): Promise<Collected> => {
  const chunks = recording(name).chunks.map((chunk) => chunk.bytes)
  const { collected, exited } = await runToEnd(Ffmpeg.layer, planFor(name, outputs), chunks)
  expect(exited).toMatchObject({ code: 0, signal: null, complete: true })
  expect(collected.credited_bytes).toBe(recording(name).bytes.length)
  return collected
}

/** The init segment and our own fragments of `perFragment` samples, as one file. */
const remuxed = (
  { init, samples }: Pick<RenditionOutput, 'init' | 'samples'>,
  perFragment: number,
): Uint8Array => {
  if (init === undefined) throw new Error('no init segment')
  const pieces = [init.bytes]
  for (let at = 0; at < samples.length; at += perFragment) {
    pieces.push(writeFragment(pieces.length, samples.slice(at, at + perFragment)))
  }
  return Buffer.concat(pieces)
}

const isEqual = (a: Sample, b: Sample | undefined): boolean =>
  b !== undefined && a.dts === b.dts && a.duration === b.duration && Buffer.compare(a.data, b.data) === 0

const presentationTimes = (samples: ReadonlyArray<Sample>): ReadonlyArray<number> =>
  samples.map((sample) => sample.dts + sample.cts)

const contiguous = (samples: ReadonlyArray<Sample>): boolean =>
  samples.every((sample, index) => {
    const next = samples[index + 1]
    return next === undefined || sample.dts + sample.duration === next.dts
  })

it.each([
  ['h264.webm', copy],
  ['vp8.webm', encode],
  ['vp9.webm', encode],
  ['videoonly-h264.webm', copy],
  ['100ms-h264.webm', copy],
  ['stall-h264.webm', copy],
  ['stall-vp8.webm', encode],
  ['videoonly-avc1.mp4', copy],
  ['100ms-avc3.mp4', copy],
])('%s: every frame comes out once, at its source time plus the offset, in every rendition', async (name, source) => {
  const hasAudio = !name.startsWith('videoonly')
  const collected = await run(name, [source, rung240, ...(hasAudio ? [audio] : [])])
  const { timescale, pts } = await sourcePts(recordingPath(name), 'v')
  const expected = pts.map((tick) => (tick * 90_000) / timescale + OFFSET_MS * 90)
  expect(expected).toHaveLength(recording(name).frames)
  for (const rendition of ['source', '240p']) {
    expect(presentationTimes(collected.samples(rendition))).toEqual(expected)
    expect(contiguous(collected.samples(rendition))).toBe(true)
  }
  expect(collected.rendition('240p').init?.info).toMatchObject({ kind: 'video', timescale: 90_000, width: 320, height: 240 })
  if (!hasAudio) return
  expect(contiguous(collected.samples('audio'))).toBe(true)
  expect(collected.rendition('audio').init?.info).toEqual({
    kind: 'audio',
    timescale: 48_000,
    codec: 'mp4a.40.2',
    channels: 2,
    sampleRate: 48_000,
  })
}, 30_000)

it.each([
  ['audioonly.webm', 0],
  // In MP4, FFmpeg takes the first 80 ms of Opus after a header for pre-roll and drops them.
  ['audioonly.mp4', 3_840],
])('%s: audio alone comes out without a gap, and decodes', async (name, preroll) => {
  const collected = await run(name, [audio])
  const samples = collected.samples('audio')
  const { timescale, pts } = await sourcePts(recordingPath(name), 'a')
  const first = ((pts[0] ?? 0) / timescale + OFFSET_MS / 1000) * 48_000
  // One frame of encoder priming lies before the first source sample.
  expect(samples[0]?.dts).toBe(first + preroll - 1024)
  expect(contiguous(samples)).toBe(true)
  const hashes = await frameHashes(remuxed(collected.rendition('audio'), 10))
  expect(Math.abs(hashes.length - samples.length)).toBeLessThanOrEqual(1)
}, 30_000)

it('gives keyframes at the same times in all rungs of a ladder', async () => {
  const collected = await run('vp9.webm', [encode, rung360, rung240])
  const keyTimes = (rendition: string): ReadonlyArray<number> =>
    presentationTimes(collected.samples(rendition).filter((sample) => sample.keyframe))
  expect(keyTimes('source').length).toBeGreaterThan(15)
  expect(keyTimes('360p')).toEqual(keyTimes('source'))
  expect(keyTimes('240p')).toEqual(keyTimes('source'))
}, 30_000)

it('names the codec of each rendition, and keeps the source in avc3', async () => {
  const collected = await run('100ms-avc3.mp4', [copy, rung240])
  expect(collected.rendition('source').init?.info.codec).toMatch(/^avc3\.42[0-9a-f]{4}$/)
  expect(collected.rendition('240p').init?.info.codec).toMatch(/^avc1\.64[0-9a-f]{4}$/)
}, 30_000)

it('our fragments decode to the very frames of what FFmpeg writes by itself', async () => {
  const outputs = [copy, rung240, audio]
  await withFolder(async (folder) => {
    const paths = outputs.map((output) => join(folder, output.rendition))
    const args = ffmpegArguments(planFor('h264.webm', outputs)).map((arg) =>
      arg === 'pipe' ? 'pipe,file' : arg.replace(/^pipe:([1-9])$/, (_pipe, descriptor: string) => `file:${paths[Number(descriptor) - 3] ?? ''}`),
    )
    expect(spawnSync('ffmpeg', args, { input: recording('h264.webm').bytes }).status).toBe(0)
    for (const path of paths) {
      const direct = await readFile(path)
      const read = new RenditionReader().push(direct)
      const expected = await frameHashes(direct)
      expect(expected.length).toBeGreaterThanOrEqual(240)
      for (const perFragment of [1, 7]) {
        expect(await frameHashes(remuxed(read, perFragment))).toEqual(expected)
      }
    }
  })
}, 60_000)

it('reads the same samples from a file however it is cut', async () => {
  const { init, samples } = (await run('100ms-h264.webm', [copy])).rendition('source')
  const file = remuxed({ init, samples }, 1)
  fc.assert(
    fc.property(fc.array(fc.nat(file.length), { maxLength: 40 }), (places) => {
      const borders = [0, ...places.sort((a, b) => a - b), file.length]
      const reader = new RenditionReader()
      const read = borders.slice(1).map((border, index) => reader.push(file.subarray(borders[index], border)))
      expect(reader.isWhole).toBe(true)
      expect(read.flatMap((output) => output.samples).every((sample, index) => isEqual(sample, samples[index]))).toBe(true)
      expect(read.flatMap((output) => output.samples)).toHaveLength(samples.length)
    }),
    { numRuns: 50 },
  )
}, 30_000)

it('copied frames decode to the very pictures of the source', async () => {
  const collected = await run('h264.webm', [copy])
  const expected = await frameHashes(recording('h264.webm').bytes, ['-map', '0:v'])
  expect(expected).toHaveLength(240)
  expect(await frameHashes(remuxed(collected.rendition('source'), 3))).toEqual(expected)
}, 30_000)

it('gives the first samples within a fraction of a second of a backlog, and says when it is quiet', async () => {
  const chunks = recording('h264.webm').chunks
  await withChild(Ffmpeg.layer, planFor('h264.webm', [copy, audio]), async (child, collected) => {
    const fed_ms = performance.now()
    for (const chunk of chunks.slice(0, 4)) child.write(chunk.bytes)
    await eventually('samples', () => collected.events.some((event) => event._tag === 'Samples'))
    expect(performance.now() - fed_ms).toBeLessThan(1_000)
    await eventually('quiet', () => collected.events.at(-1)?._tag === 'Quiet')
    const before = collected.samples('source').length
    child.write(chunks[4]?.bytes ?? new Uint8Array())
    const isQuietAgain = (): boolean =>
      collected.samples('source').length > before && collected.events.at(-1)?._tag === 'Quiet'
    await eventually('quiet again', isQuietAgain)
    child.end()
    await collected.exited
    const told = collected.events.map((event) => event._tag).filter((tag) => tag === 'Samples' || tag === 'Quiet')
    expect(told.at(-1)).toBe('Quiet')
    expect(told.some((tag, index) => tag === 'Quiet' && told[index - 1] !== 'Samples')).toBe(false)
  })
}, 20_000)
