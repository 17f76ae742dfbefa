import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Sample } from '../fmp4/sample.ts'
import { recording } from '../testing/recordings.ts'
import { Ffmpeg } from './FfmpegChild.ts'
import type { FfmpegPlan, OutputPlan } from './plan.ts'
import { runToEnd } from './testing/collect.ts'
import type { Collected } from './testing/collect.ts'
import { withFolder } from './testing/probe.ts'
import { resumeInput, webmBlocks } from './testing/webmBlocks.ts'

const OFFSET_MS = 10_000

const run = async (outputs: ReadonlyArray<OutputPlan>, input: Uint8Array): Promise<Collected> => {
  const plan: FfmpegPlan = { container: 'webm', timelineOffset_ms: OFFSET_MS, outputs }
  const { collected, exited } = await runToEnd(Ffmpeg.layer, plan, [input])
  expect(exited).toMatchObject({ code: 0, complete: true })
  return collected
}

const encode = (rendition: string, height: number, trimStart: number | undefined): OutputPlan => ({
  _tag: 'EncodeVideo',
  rendition,
  width: (height * 4) / 3,
  height,
  bitrate_kbps: 700,
  ...(trimStart === undefined ? {} : { trimStart }),
})

/** FFmpeg guesses the duration of the very last frame, and not always the same. */
const withoutLastDuration = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> =>
  samples.map((sample, index) => (index === samples.length - 1 ? { ...sample, duration: 0 } : sample))

it.each(['h264.webm', 'vp8.webm', 'vp9.webm', 'stall-h264.webm', 'stall-vp8.webm'])(
  '%s: a successor that is fed from a keyframe gives exactly the frames that were not published',
  async (name) => {
    const bytes = Buffer.from(recording(name).bytes)
    const webm = webmBlocks(bytes)
    const videoTrack = webm.blocks.find((block) => !block.keyframe)?.track
    const video = webm.blocks.filter((block) => block.track === videoTrack)
    expect(video).toHaveLength(recording(name).frames)
    const keyframes = video.filter((block) => block.keyframe)
    const copied: ReadonlyArray<OutputPlan> = name.includes('h264') ? [{ _tag: 'CopyVideo', rendition: 'source' }] : []
    const whole = await run([...copied, encode('360p', 360, undefined), encode('240p', 240, undefined)], bytes)
    const wholeTimes = whole.samples('240p').map((sample) => sample.dts)
    expect(wholeTimes).toHaveLength(video.length)

    for (const rap of [keyframes[1], keyframes.at(-1)]) {
      if (rap === undefined) throw new Error('too few keyframes')
      const first = video[Math.min(video.indexOf(rap) + 5, video.length - 1)]
      if (first === undefined) throw new Error('no frame after the keyframe')
      const outputs = [...copied, encode('360p', 360, first.pts), encode('240p', 240, first.pts)]
      const resumed = await run(outputs, resumeInput(bytes, webm, rap))
      const wanted = wholeTimes.slice(video.indexOf(first))
      for (const rendition of ['360p', '240p']) {
        expect(resumed.samples(rendition).map((sample) => sample.dts)).toEqual(wanted)
        expect(resumed.samples(rendition)[0]?.keyframe).toBe(true)
        expect(resumed.rendition(rendition).init).toEqual(whole.rendition(rendition).init)
      }
      if (copied.length > 0) {
        const again = withoutLastDuration(resumed.samples('source'))
        expect(again).toEqual(withoutLastDuration(whole.samples('source').slice(video.indexOf(rap))))
        expect(resumed.rendition('source').init).toEqual(whole.rendition('source').init)
      }
    }
  },
  60_000,
)

it('audio that is fed from before its end goes on upon the same grid of frames', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'tone.webm')
    const tone = ['-f', 'lavfi', '-i', 'sine=440:d=6:r=48000', '-c:a', 'libopus', '-frame_duration', '60', '-f', 'webm']
    expect(spawnSync('ffmpeg', ['-v', 'error', ...tone, '-cluster_time_limit', '1000', '-live', '1', path]).status).toBe(0)
    const bytes = await readFile(path)
    const webm = webmBlocks(bytes)
    const audio = (trimStart: number | undefined): OutputPlan => ({
      _tag: 'EncodeAudio',
      rendition: 'audio',
      ...(trimStart === undefined ? {} : { trimStart }),
    })
    const whole = (await run([audio(undefined)], bytes)).samples('audio')
    const published = whole[150]
    if (published === undefined) throw new Error('too little audio')
    const end = published.dts - OFFSET_MS * 48
    const fedFrom = webm.blocks.findLast((block) => block.pts * 48 <= end - 48 * 205)
    if (fedFrom === undefined) throw new Error('no block early enough')
    const again = (await run([audio(end - 4 * 1024)], resumeInput(bytes, webm, fedFrom))).samples('audio')
    const kept = again.filter((sample) => sample.dts >= published.dts)
    expect(kept.map((sample) => sample.dts)).toEqual(whole.slice(150).map((sample) => sample.dts))
  })
}, 30_000)
