/** What FFmpeg sees in media: every decoded picture with its time, hash and label; every packet of a track. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { ffmpegPath } from './ffmpegPath.ts'
import { type Label, readLabel, stripSize } from './label.ts'

/** Something that FFmpeg opens by name (a file, a URL), or the bytes of a stream in order. */
export type MediaInput = string | ReadonlyArray<Uint8Array>

/** A decoded picture, in order of display. */
export interface DecodedFrame {
  readonly pts_s: number
  /** MD5 of the decoded picture. */
  readonly md5: string
  /** What the picture says about itself, if it carries a label. */
  readonly label: Label | undefined
}

/** All that was decoded. */
export interface Decoded {
  readonly frames: ReadonlyArray<DecodedFrame>
  /** Lines that FFmpeg wrote at level `error`; a sound stream has none. */
  readonly complaints: ReadonlyArray<string>
}

/** A packet as it is stored, in order of storage. */
export interface StoredPacket {
  readonly pts_s: number
  readonly duration_s: number
  readonly size: number
  readonly md5: string
}

interface Run {
  readonly outputs: ReadonlyArray<Uint8Array>
  readonly complaints: ReadonlyArray<string>
}

/** Runs FFmpeg and gathers what it writes to `pipe:1` and, when `pipes` is 2, to `pipe:3`. */
const runFfmpeg = async (input: MediaInput, args: ReadonlyArray<string>, pipes: 1 | 2): Promise<Run> => {
  const source = typeof input === 'string' ? input : 'pipe:0'
  const child = spawn(ffmpegPath, ['-hide_banner', '-v', 'error', '-nostats', '-copyts', '-i', source, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const gather = (stream: Readable): Array<Uint8Array> => {
    const gathered: Array<Uint8Array> = []
    stream.on('data', (bytes: Uint8Array) => gathered.push(bytes))
    return gathered
  }
  const outputs = [child.stdout, child.stdio[3] as Readable].slice(0, pipes).map(gather)
  const complaints = gather(child.stderr)
  // FFmpeg may close its input before it has read everything; what it made of the input is what counts.
  child.stdin.on('error', (error) => complaints.push(Buffer.from(`stdin: ${error.message}\n`)))
  if (typeof input !== 'string') for (const bytes of input) child.stdin.write(bytes)
  child.stdin.end()
  await once(child, 'close')
  const lines = Buffer.concat(complaints).toString().split('\n').filter((line) => line !== '')
  return { outputs: outputs.map((parts) => Buffer.concat(parts)), complaints: lines }
}

/** The lines of FFmpeg's `framemd5`: stream, dts, pts, duration, size, hash. */
const readFrameMd5 = (bytes: Uint8Array): ReadonlyArray<StoredPacket> => {
  const lines = new TextDecoder().decode(bytes).split('\n')
  const [top = 1, bottom = 1] = (lines.find((line) => line.startsWith('#tb 0:'))?.slice(6).split('/') ?? []).map(Number)
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, , pts = '0', duration = '0', size = '0', md5 = ''] = line.split(',').map((field) => field.trim())
      return { pts_s: (Number(pts) * top) / bottom, duration_s: (Number(duration) * top) / bottom, size: Number(size), md5 }
    })
}

/** Decodes the first video track. Rejects when there is no FFmpeg. */
export const decodeFrames = async (input: MediaInput): Promise<Decoded> => {
  const strip = `crop=iw:floor(iw/32)*3:0:0,scale=${stripSize.width}:${stripSize.height}:flags=area,format=gray`
  const { outputs, complaints } = await runFfmpeg(
    input,
    [
      ...['-filter_complex', `[0:v:0]split[whole][top];[top]${strip}[strip]`],
      ...['-map', '[whole]', '-fps_mode', 'passthrough', '-enc_time_base', '1:90000', '-f', 'framemd5', 'pipe:1'],
      ...['-map', '[strip]', '-fps_mode', 'passthrough', '-enc_time_base', '1:90000', '-f', 'rawvideo', 'pipe:3'],
    ],
    2,
  )
  const [listed = new Uint8Array(0), strips = new Uint8Array(0)] = outputs
  const stripBytes = stripSize.width * stripSize.height
  const frames = readFrameMd5(listed).map(({ pts_s, md5 }, index) => ({ pts_s, md5, label: readLabel(strips, 1, index * stripBytes) }))
  return { frames, complaints }
}

/** Lists the packets of a track without decoding; `track` as FFmpeg names it, for instance `v:0` or `a:0`. */
export const readPackets = async (input: MediaInput, track: string): Promise<ReadonlyArray<StoredPacket>> => {
  const { outputs } = await runFfmpeg(input, ['-map', `0:${track}`, '-c', 'copy', '-f', 'framemd5', 'pipe:1'], 1)
  return readFrameMd5(outputs[0] ?? new Uint8Array(0))
}

/** Times of the keyframes of the first video track, in seconds. */
export const readKeyframes = async (input: MediaInput): Promise<ReadonlyArray<number>> => {
  const filter = ['-vf', 'select=key', '-fps_mode', 'passthrough', '-enc_time_base', '1:90000']
  const { outputs } = await runFfmpeg(input, ['-map', '0:v:0', ...filter, '-f', 'framemd5', 'pipe:1'], 1)
  return readFrameMd5(outputs[0] ?? new Uint8Array(0)).map(({ pts_s }) => pts_s)
}

/** Decodes the first audio track to mono samples at 48 kHz, 32-bit floats. */
export const decodeAudio = async (input: MediaInput): Promise<Float32Array> => {
  const { outputs } = await runFfmpeg(input, ['-map', '0:a:0', '-ac', '1', '-ar', '48000', '-f', 'f32le', 'pipe:1'], 1)
  const bytes = outputs[0] ?? new Uint8Array(0)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.byteLength & ~3)))
}
