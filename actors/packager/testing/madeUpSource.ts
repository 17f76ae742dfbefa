import type { Sample } from '../../fmp4/sample.ts'
import { seededRandom } from '../../playlist/testing/seededRandom.ts'

const TICKS_PER_SECOND = 90_000
const TICKS_PER_MS = 90
const AUDIO_TICKS_PER_SECOND = 48_000
const AAC_FRAME = 1_024
/** Opus packets of a browser. */
const PACKET_MS = 20
/** FFmpeg cannot know how long its last frame lasts. */
const GUESSED_DURATION = 1
/** The camera does not stop before so many frames. */
const STEADY_FRAMES = 9

/** What a made-up camera and microphone are like; the same shape makes the same frames. */
export interface SourceShape {
  readonly seed: number
  readonly seconds: number
  readonly fps: number
  /** Times are whole milliseconds, as in WebM. */
  readonly rounded: boolean
  /** Share of an interval by which frames come early or late. */
  readonly jitter: number
  readonly gopFrames: number
  /** Every other frame is decoded before one that is shown earlier (gopFrames odd). */
  readonly reordered: boolean
  /** How often the camera stops, and for how long at most. */
  readonly stalls: number
  readonly stallSeconds_max: number
  readonly video: boolean
  readonly audio: boolean
  /** Video stops halfway. */
  readonly videoEnds: boolean
  /** No packets come in the middle of the source for so long; FFmpeg fills in silence. */
  readonly silentSeconds: number
}

/** A frame as the source index tells of it: timeline, 90 kHz ticks. */
export interface SourceFrame {
  readonly kind: 'video' | 'audio'
  readonly at: number
  readonly pts: number
  readonly keyframe: boolean
}

/** Frames in the order in which they arrive, and the samples that FFmpeg makes of them. */
export interface MadeUpSource {
  readonly frames: ReadonlyArray<SourceFrame>
  readonly video: ReadonlyArray<Sample>
  readonly audio: ReadonlyArray<Sample>
}

/** A steady source: 8 s at `fps`, a keyframe every second, with sound. */
export const steady = (change: Partial<SourceShape> = {}): SourceShape => ({
  seed: 1, seconds: 8, fps: 30, rounded: false, jitter: 0, gopFrames: change.fps ?? 30, reordered: false, stalls: 0, stallSeconds_max: 3, video: true, audio: true, videoEnds: false, silentSeconds: 0, ...change
})

/** Makes a source; the timeline begins at `origin_ms`. */
export const madeUpSource = (shape: SourceShape, origin_ms = 10_000): MadeUpSource => {
  const random = seededRandom(shape.seed)
  const video = shape.video ? videoSamples(shape, random, origin_ms) : []
  const audio = shape.audio ? audioSamples(shape, origin_ms) : []
  const pictures = video.map(({ dts, cts, keyframe }): SourceFrame => ({ kind: 'video', at: dts, pts: dts + cts, keyframe }))
  const packets = shape.audio ? Array.from({ length: (shape.seconds * 1_000) / PACKET_MS }, (_, i): SourceFrame => {
    const pts = (origin_ms + i * PACKET_MS) * TICKS_PER_MS
    return { kind: 'audio', at: pts, pts, keyframe: true }
  }).filter(({ pts }) => Math.abs(pts / TICKS_PER_MS - origin_ms - shape.seconds * 500) >= Math.min(shape.silentSeconds, shape.seconds - 1) * 500) : []
  return { frames: [...pictures, ...packets].sort((a, b) => a.at - b.at), video, audio }
}

const videoSamples = (shape: SourceShape, random: () => number, origin_ms: number): ReadonlyArray<Sample> => {
  const interval = TICKS_PER_SECOND / shape.fps
  const count = Math.floor(shape.seconds * shape.fps * (shape.videoEnds ? 0.5 : 1))
  const stalls = new Map(Array.from({ length: shape.stalls }, () => [STEADY_FRAMES + Math.floor(random() * count), (0.2 + 0.8 * random()) * shape.stallSeconds_max * TICKS_PER_SECOND]))
  let late = origin_ms * TICKS_PER_MS
  let previous = 0
  const times = Array.from({ length: count }, (_, i) => {
    late += stalls.get(i) ?? 0
    const time = late + interval * (i + shape.jitter * (random() - 0.5))
    const step = shape.rounded ? TICKS_PER_MS : 1
    previous = Math.max(previous + step, Math.round(time / step) * step)
    return previous
  })
  return times.map((dts, i) => ({
    dts,
    cts: shape.reordered ? reorderedBy(i % shape.gopFrames) * Math.round(interval) : 0,
    duration: (times[i + 1] ?? dts + GUESSED_DURATION) - dts,
    keyframe: i % shape.gopFrames === 0,
    data: payload('v', i, random)
  }))
}

/** Decode order I P B P B …, shown as I B P B P …: frames between decoding and showing. */
const reorderedBy = (inGop: number): number => (inGop === 0 ? 1 : inGop % 2 === 1 ? 2 : 0)

const audioSamples = (shape: SourceShape, origin_ms: number): ReadonlyArray<Sample> =>
  Array.from({ length: Math.floor((shape.seconds * AUDIO_TICKS_PER_SECOND) / AAC_FRAME) }, (_, i) => ({
    dts: (origin_ms * AUDIO_TICKS_PER_SECOND) / 1_000 + i * AAC_FRAME, cts: 0, duration: AAC_FRAME, keyframe: true, data: payload('a', i, undefined)
  }))

/** Bytes that no other frame of the source has. */
const payload = (kind: string, index: number, random: (() => number) | undefined): Uint8Array => {
  const name = new TextEncoder().encode(`${kind}${index};`)
  const bytes = new Uint8Array(name.length + Math.floor((random?.() ?? 0.1) * 200))
  bytes.set(name)
  return bytes
}
