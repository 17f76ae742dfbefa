/**
 * A camera without a camera: labelled pictures go through FFmpeg and come out as the chunks that a browser's
 * MediaRecorder would give (WebM with VP8 or VP9, Matroska with H.264, fragmented MP4; Opus beside it).
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ffmpegPath } from './ffmpegPath.ts'
import { makeScene } from './scene.ts'

/** How the camera films. */
export interface CameraOptions {
  /** Default 1280 × 720. */
  readonly width?: number
  readonly height?: number
  /** Default 30. */
  readonly fps?: number
  /** Default `h264`. */
  readonly codec?: 'h264' | 'vp8' | 'vp9'
  /** `webm` (Matroska for H.264) by default; `mp4` only for H.264. */
  readonly container?: 'webm' | 'mp4'
  /** A tone in Opus beside the picture; default true. */
  readonly audio?: boolean
  /** How long the tone goes on behind the last picture, in s; only with `frames`, at the real pace. Default 0. */
  readonly soundAfter_s?: number
  /** Bits per second of the picture; default 2,500,000. */
  readonly bitrate?: number
  /** Default 1 s. */
  readonly keyframeEvery_s?: number
  /** A chunk is given out when something arrives and the last one is this old; default 100. */
  readonly chunk_ms?: number
  /** Ends by itself after so many pictures; default never. */
  readonly frames?: number
  /** `real` (default) takes each picture at its time; `fast` takes them as FFmpeg can, with the clock they would have had. */
  readonly pace?: 'real' | 'fast'
  /** FFmpeg filters over the pictures, for instance a clock for people; see `caption.ts`. */
  readonly filter?: string
}

/** A piece of the recorded byte stream. */
export interface CameraChunk {
  readonly bytes: Uint8Array
  /** When it was given out, ms since 1970. */
  readonly at_ms: number
}

/** A running camera. */
export interface Camera {
  readonly mimeType: string
  /** Ends after the last byte. Throws when FFmpeg failed, with what it said. */
  readonly chunks: AsyncIterable<CameraChunk>
  /** Pictures taken and given to the encoder so far. */
  readonly framesTaken: () => number
  /** Takes no more pictures; the chunks end when the encoder has been emptied. */
  readonly stop: () => void
  /** Ends FFmpeg at once. */
  readonly kill: () => void
}

type Settings = Required<Omit<CameraOptions, 'filter'>> & { readonly filter: string | undefined }
type Encoder = ChildProcessByStdio<Writable, Readable, Readable>

const complete = (options: CameraOptions): Settings => ({
  width: 1280,
  height: 720,
  fps: 30,
  codec: 'h264',
  container: 'webm',
  audio: true,
  soundAfter_s: 0,
  bitrate: 2_500_000,
  keyframeEvery_s: 1,
  chunk_ms: 100,
  frames: Number.POSITIVE_INFINITY,
  pace: 'real',
  ...options,
  filter: options.filter,
})

const videoEncoders = {
  h264: ['libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-sc_threshold', '0'],
  vp8: ['libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
  vp9: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-row-mt', '1'],
} as const

const muxer = (settings: Settings): ReadonlyArray<string> => {
  if (settings.container === 'mp4') return ['-f', 'mp4', '-movflags', 'empty_moov+default_base_moof+frag_keyframe']
  const format = settings.codec === 'h264' ? 'matroska' : 'webm'
  return ['-f', format, '-live', '1', '-cluster_time_limit', '20']
}

const toneInput = ({ frames, fps, soundAfter_s }: Settings): ReadonlyArray<string> => {
  const tone = (length = '') => `sine=frequency=330:sample_rate=48000${length},volume=0.1`
  return soundAfter_s > 0 ? ['-re', '-f', 'lavfi', '-i', tone(`:duration=${frames / fps + soundAfter_s}`)] : ['-f', 'lavfi', '-i', tone(), '-shortest']
}

/** FFmpeg's arguments: raw pictures on stdin, the recorded stream on stdout. */
const encoderArguments = (settings: Settings): ReadonlyArray<string> => {
  const gop = String(Math.max(1, Math.round(settings.fps * settings.keyframeEvery_s)))
  const rate = String(settings.bitrate)
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostats', '-probesize', '32', '-analyzeduration', '0'],
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${settings.width}x${settings.height}`],
    ...['-framerate', String(settings.fps), '-i', 'pipe:0'],
    ...(settings.audio ? toneInput(settings) : []),
    ...(settings.filter === undefined ? [] : ['-vf', settings.filter]),
    ...['-c:v', ...videoEncoders[settings.codec], '-threads', '1', '-pix_fmt', 'yuv420p'],
    ...['-g', gop, '-keyint_min', gop, '-b:v', rate, '-maxrate', rate, '-bufsize', rate],
    ...(settings.audio ? ['-c:a', 'libopus', '-b:a', '64k', '-frame_duration', '20'] : []),
    // Sound does not wait for pictures that have ended.
    ...(settings.soundAfter_s > 0 ? ['-max_interleave_delta', '200000'] : []),
    ...['-flush_packets', '1', ...muxer(settings), 'pipe:1'],
  ]
}

const mimeTypeOf = ({ codec, container, audio }: Settings): string => {
  const sound = audio ? ',opus' : ''
  if (container === 'mp4') return `video/mp4;codecs=avc1${sound}`
  return codec === 'h264' ? `video/x-matroska;codecs=avc1${sound}` : `video/webm;codecs=${codec}${sound}`
}

/** Gathers the encoder's output into chunks, as a MediaRecorder with a timeslice does. */
async function* chunksOf(encoder: Encoder, chunk_ms: number): AsyncGenerator<CameraChunk> {
  let gathered: Array<Uint8Array> = []
  let last_ms = performance.now()
  for await (const bytes of encoder.stdout as AsyncIterable<Uint8Array>) {
    gathered.push(bytes)
    if (performance.now() - last_ms < chunk_ms) continue
    last_ms = performance.now()
    yield { bytes: Buffer.concat(gathered), at_ms: Date.now() }
    gathered = []
  }
  if (gathered.length > 0) yield { bytes: Buffer.concat(gathered), at_ms: Date.now() }
}

const write = (to: Writable, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => to.write(bytes, (error) => (error ? reject(error) : resolve())))

/** Starts a camera. FFmpeg is what `ffmpegPath` says. */
export const startCamera = (options: CameraOptions = {}): Camera => {
  const settings = complete(options)
  const encoder = spawn(ffmpegPath, encoderArguments(settings), { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(encoder, 'exit')
  const complaints: Array<Uint8Array> = []
  encoder.stderr.on('data', (line: Uint8Array) => complaints.push(line))
  const scene = makeScene(settings.width, settings.height)
  let taken = 0
  let stopped = false

  const film = async (): Promise<void> => {
    const begun_ms = Date.now()
    for (; taken < settings.frames && !stopped; taken++) {
      const due_ms = begun_ms + (taken * 1000) / settings.fps
      if (settings.pace === 'real' && due_ms > Date.now()) await delay(due_ms - Date.now())
      // One picture in flight, so that the label says when it was taken.
      await write(encoder.stdin, scene.paint(taken, settings.pace === 'real' ? Date.now() : Math.round(due_ms)))
    }
    encoder.stdin.end()
  }

  async function* chunks(): AsyncGenerator<CameraChunk> {
    // A broken pipe means that the encoder is gone; its exit and its complaints, below, say why.
    encoder.stdin.on('error', () => (stopped = true))
    const filmed = film().catch(() => encoder.kill('SIGKILL'))
    yield* chunksOf(encoder, settings.chunk_ms)
    await filmed
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]
    if (code !== 0 && !stopped) throw new Error(`the camera's FFmpeg ended with ${code ?? signal}: ${Buffer.concat(complaints).toString()}`)
  }

  return {
    mimeType: mimeTypeOf(settings),
    chunks: chunks(),
    framesTaken: () => taken,
    stop: () => {
      stopped = true
    },
    kill: () => {
      stopped = true
      encoder.kill('SIGKILL')
    },
  }
}
