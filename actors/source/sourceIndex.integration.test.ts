import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { recording, recordingNames } from '../testing/recordings.ts'
import { chunksOf, containerOf, factsOf, readSource, type SourceReading } from '../testing/readSource.ts'
import { openSource, pushChunk, resumePrefix, resumeSource, type Container, type RandomAccessPoint } from './sourceIndex.ts'

/** Runs FFmpeg to its end and answers with its standard output. */
const ffmpeg = (args: ReadonlyArray<string>, input: Uint8Array = new Uint8Array()): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-hide_banner', '-v', 'error', '-nostats', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes))
    child.on('error', reject)
    child.stdin.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(out)) : reject(new Error(Buffer.concat(err).toString()))))
    child.stdin.end(input)
  })

interface Frame {
  /** 90 kHz ticks. */
  readonly pts: number
  readonly hash: string
}

/** Reads the lines of FFmpeg's framemd5. */
const framesIn = (text: string): ReadonlyArray<Frame> => {
  const [numerator = 1, denominator = 1] = (/#tb 0: (\d+)\/(\d+)/.exec(text)?.slice(1) ?? []).map(Number)
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const fields = line.split(',').map((field) => field.trim())
      return { pts: Math.round((Number(fields[2]) * numerator * 90_000) / denominator), hash: fields[5] ?? '' }
    })
}

const input = (container: Container): ReadonlyArray<string> => [
  '-f', container === 'webm' ? 'matroska' : 'mov', '-probesize', '5000000', '-analyzeduration', '0', '-fpsprobesize', '0', '-copyts', '-i', 'pipe:0',
]

const decodeVideo = async (container: Container, bytes: Uint8Array): Promise<ReadonlyArray<Frame>> => {
  const output = ['-map', '0:v:0', '-vf', 'scale=160:120:flags=neighbor+bitexact', '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'framemd5', '-']
  return framesIn((await ffmpeg([...input(container), ...output], bytes)).toString())
}

const audioPackets = async (container: Container, bytes: Uint8Array): Promise<ReadonlyArray<Frame>> =>
  framesIn((await ffmpeg([...input(container), '-map', '0:a:0', '-c', 'copy', '-f', 'framemd5', '-'], bytes)).toString())

/** Some of the points: the first, the last, and a few between. */
const someOf = (points: ReadonlyArray<RandomAccessPoint>): ReadonlyArray<RandomAccessPoint> =>
  points.filter((_, i) => i === 0 || i === points.length - 1 || i % Math.ceil(points.length / 4) === 0)

const expectResumable = async (container: Container, whole: SourceReading, pieces: ReadonlyArray<Uint8Array>, decoded: ReadonlyArray<Frame>): Promise<void> => {
  const header = factsOf(whole, 'Header')[0]
  if (header === undefined) throw new Error('the source has a header')
  const points = factsOf(whole, 'VideoFrame').flatMap((fact) => fact.randomAccess ?? [])
  expect(points.length).toBeGreaterThan(1)
  for (const point of someOf(points)) {
    const { index, prefix } = resumeSource(container, header.bytes, point)
    const rest = readSource(index, chunksOf(pieces).filter((chunk) => chunk.ingestSeq >= point.position.ingestSeq))
    const tail = decoded.slice(-factsOf(rest, 'VideoFrame').length)
    expect(await decodeVideo(container, Buffer.concat([prefix, rest.fed]))).toEqual(tail)
    expect(tail[0]?.pts).toBe(point.pts)
  }
}

const byTime = (a: number, b: number): number => a - b

describe('what the index feeds, decoded by FFmpeg', () => {
  const withVideo = recordingNames.filter((name) => !name.startsWith('audioonly'))

  it.each(withVideo)('every frame of %s, at the time that its fact says, and the same tail from any keyframe', async (name) => {
    const source = recording(name)
    const container = containerOf(source)
    const pieces = source.chunks.map((chunk) => chunk.bytes)
    const whole = readSource(container, chunksOf(pieces))
    const decoded = await decodeVideo(container, whole.fed)
    expect(decoded).toHaveLength(source.frames)
    expect(decoded.map((frame) => frame.pts)).toEqual(factsOf(whole, 'VideoFrame').map((fact) => fact.pts))
    await expectResumable(container, whole, pieces, decoded)
  })

  it.each(recordingNames.filter((name) => !/^(videoonly|canvas)/.test(name)))('every audio packet of %s, at the time that its fact says', async (name) => {
    const source = recording(name)
    const container = containerOf(source)
    const whole = readSource(container, chunksOf([source.bytes]))
    const packets = await audioPackets(container, whole.fed)
    expect(packets.map((packet) => packet.pts)).toEqual(factsOf(whole, 'AudioFrame').map((fact) => fact.pts))
    const original = await audioPackets(container, source.bytes)
    expect(packets.map((packet) => packet.hash)).toEqual(original.map((packet) => packet.hash))
  })
})

describe('a source that changes its parameters', () => {
  /** What each FFmpeg child is fed when a new one is begun wherever the index says so. */
  const children = (name: string): ReadonlyArray<Uint8Array> => {
    const source = recording(name)
    const container = containerOf(source)
    const runs: Array<Array<Uint8Array>> = [[]]
    let index = openSource(container)
    let header = new Uint8Array()
    for (const chunk of chunksOf(source.chunks.map((piece) => piece.bytes))) {
      const pushed = pushChunk(index, chunk)
      index = pushed.index
      for (const item of pushed.items) {
        if (item._tag === 'Header') header = new Uint8Array(item.bytes)
        if (item._tag === 'ParametersChanged') runs.push([resumePrefix(container, header, item.at)])
        if (item._tag === 'Feed') runs.at(-1)?.push(item.bytes)
      }
    }
    return runs.map((run) => Buffer.concat(run))
  }

  it.each(['resize-h264.webm', 'resize-vp8.webm', 'resize-avc3.mp4'])('decodes in one child for each size: %s', async (name) => {
    const runs = children(name)
    const source = recording(name)
    const container = containerOf(source)
    const sizes = await Promise.all(runs.map(async (run) => {
      const shown = (await ffmpeg([...input(container), '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'], run)).toString()
      return { frames: framesIn(shown).length, size: /#dimensions 0: (\S+)/.exec(shown)?.[1] }
    }))
    expect(sizes.map(({ size }) => size)).toEqual(['640x480', sizes[1]?.size, '320x240'])
    expect(sizes[1]?.size).toMatch(/^800x45[0-2]$/)
    expect(sizes.reduce((sum, { frames }) => sum + frames, 0)).toBe(source.frames)
    const decoded = await Promise.all(runs.map((run) => decodeVideo(container, run)))
    const whole = readSource(container, chunksOf([source.bytes]))
    expect(decoded.flat().map((frame) => frame.pts)).toEqual(factsOf(whole, 'VideoFrame').map((fact) => fact.pts))
  })
})

describe('what other programs record', () => {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25:duration=3']
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=3']
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '25', '-bf', '2']
  const vp9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25']
  const flush = ['-flush_packets', '1', 'pipe:1']

  const made: ReadonlyArray<readonly [string, Container, ReadonlyArray<string>]> = [
    ['H.264 with B-frames and AAC in Matroska', 'webm', [...x264, '-c:a', 'aac', '-f', 'matroska', ...flush]],
    ['H.264 with B-frames and AAC in a live Matroska', 'webm', [...x264, '-c:a', 'aac', '-f', 'matroska', '-live', '1', ...flush]],
    ['VP9 and Vorbis in WebM', 'webm', [...vp9, '-c:a', 'libvorbis', '-f', 'webm', ...flush]],
    ['AV1 and Opus in WebM', 'webm', ['-c:v', 'libsvtav1', '-preset', '12', '-g', '25', '-c:a', 'libopus', '-f', 'webm', ...flush]],
    ['H.264 with absolute offsets in MP4', 'mp4', [...x264, '-c:a', 'aac', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov', ...flush]],
    ['H.264 with an edit list in MP4', 'mp4', [...x264, '-c:a', 'aac', '-f', 'mp4', '-movflags', 'frag_keyframe+delay_moov+default_base_moof', ...flush]],
    ['VP9 and Opus in MP4', 'mp4', [...vp9, '-c:a', 'libopus', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', ...flush]],
    ['AV1 in MP4', 'mp4', ['-c:v', 'libsvtav1', '-preset', '12', '-g', '25', '-an', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', ...flush]],
  ]

  it.each(made)('%s: every frame at its time, and the same tail from any keyframe', async (_, container, args) => {
    const bytes = await ffmpeg([...picture, ...sound, '-map', '0:v', '-map', '1:a', '-pix_fmt', 'yuv420p', ...args])
    const pieces = Array.from({ length: Math.ceil(bytes.length / 10_000) }, (_item, i) => bytes.subarray(i * 10_000, (i + 1) * 10_000))
    const whole = readSource(container, chunksOf(pieces))
    expect(factsOf(whole, 'Invalid')).toEqual([])
    expect(factsOf(whole, 'Jump')).toEqual([])
    expect(factsOf(whole, 'VideoFrame')).toHaveLength(75)
    const decoded = await decodeVideo(container, whole.fed)
    expect(decoded.map((frame) => frame.pts)).toEqual(factsOf(whole, 'VideoFrame').map((fact) => fact.pts).toSorted(byTime))
    await expectResumable(container, whole, pieces, decoded)
  })
})
