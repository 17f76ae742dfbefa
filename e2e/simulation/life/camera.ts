import { blockContent, element, opus20ms, openElement, vp8Interframe, vp8Keyframe } from '../../../actors/source/testing/webmBytes.ts'
import { Id } from '../../../actors/source/webmIds.ts'
import type { Dice } from '../world/Dice.ts'

const TICKS_PER_MS = 90
const WIDTH = 320
const HEIGHT = 240
const OPUS_MS = 20

/** One picture of a camera: its time in the source (90 kHz ticks), and where its bytes and those of its Cluster are. */
export interface CameraFrame {
  readonly pts: number
  readonly key: boolean
  readonly cluster: number
  readonly begin: number
  readonly end: number
}

/** What a made-up camera is like. Times in ms. */
export interface CameraShape {
  /** Time of the first picture; different for each camera of a world, so that a picture is known by its time. */
  readonly base_ms: number
  readonly interval_ms: number
  readonly framesPerChunk: number
  readonly gopFrames: number
  readonly chunks: number
  readonly sound: boolean
  /** Share of chunks whose bytes are cut anywhere instead of between Clusters. */
  readonly cutShare: number
  readonly poison: boolean
}

/** One continuous byte stream, as a MediaRecorder gives it: small WebM with real structure. */
export interface Camera {
  readonly chunks: ReadonlyArray<Uint8Array>
  readonly bytes: Uint8Array
  readonly headerBytes: number
  readonly frames: ReadonlyArray<CameraFrame>
  /** Time of the picture on which FFmpeg crashes. */
  readonly poison: number | undefined
  readonly chunk_ms: number
}

const text = (value: string): ReadonlyArray<number> => [...Buffer.from(value, 'latin1')]

const headerOf = (sound: boolean): Uint8Array => {
  const video = element(Id.trackEntry, element(Id.trackNumber, [1]), element(Id.trackType, [1]), element(Id.codecId, text('V_VP8')),
    element(Id.video, element(Id.pixelWidth, [WIDTH >> 8, WIDTH & 255]), element(Id.pixelHeight, [HEIGHT])))
  const audio = element(Id.trackEntry, element(Id.trackNumber, [2]), element(Id.trackType, [2]), element(Id.codecId, text('A_OPUS')), element(Id.audio, element(Id.channels, [1])))
  return Buffer.concat([
    element(Id.ebml, element(0x4282, text('webm'))),
    openElement(Id.segment),
    element(Id.info, element(Id.timestampScale, [0x0f, 0x42, 0x40])),
    element(Id.tracks, video, ...(sound ? [audio] : []))
  ])
}

const HEADERS = { sound: headerOf(true), silent: headerOf(false) }
const KEYFRAME = vp8Keyframe(WIDTH, HEIGHT)

const clusterHead = (timecode: number): Uint8Array => {
  const bytes = new Uint8Array(10)
  bytes.set([Id.timestamp, 0x88])
  new DataView(bytes.buffer).setBigUint64(2, BigInt(timecode))
  return Buffer.concat([openElement(Id.cluster), bytes])
}

/** A SimpleBlock; sizes below 127. */
const block = (track: number, time: number, flags: number, payload: ReadonlyArray<number>): Uint8Array => {
  const content = blockContent(track, time, flags, payload)
  return Uint8Array.from([Id.simpleBlock, 0x80 | content.length, ...content])
}

/** Makes a camera's bytes: a Cluster a chunk, each picture known by its time. */
export const makeCamera = (shape: CameraShape, dice: Dice): Camera => {
  const pieces: Array<Uint8Array> = [shape.sound ? HEADERS.sound : HEADERS.silent]
  const frames: Array<CameraFrame> = []
  const cuts: Array<number> = []
  const headerBytes = pieces[0]?.byteLength ?? 0
  let bytes = headerBytes
  const add = (piece: Uint8Array): void => {
    pieces.push(piece)
    bytes += piece.byteLength
  }
  const chunk_ms = shape.framesPerChunk * shape.interval_ms
  for (let chunk = 0; chunk < shape.chunks; chunk++) {
    const from_ms = shape.base_ms + chunk * chunk_ms
    const cluster = bytes
    add(clusterHead(from_ms))
    for (let i = 0; i < shape.framesPerChunk; i++) {
      const index = chunk * shape.framesPerChunk + i
      const key = index % shape.gopFrames === 0
      const begin = bytes
      add(block(1, i * shape.interval_ms, key ? 0x80 : 0, key ? KEYFRAME : vp8Interframe))
      frames.push({ pts: (from_ms + i * shape.interval_ms) * TICKS_PER_MS, key, cluster, begin, end: bytes })
      if (!shape.sound) continue
      for (let at = 0; at < shape.interval_ms; at += OPUS_MS) add(block(2, i * shape.interval_ms + at, 0x80, opus20ms))
    }
    // A cut lies anywhere in the Cluster just made, or at its end.
    cuts.push(chunk > 0 && dice.chance(shape.cutShare) ? bytes - 1 - dice.below(30) : bytes)
  }
  const whole = Buffer.concat(pieces)
  const chunks = cuts.map((end, index) => whole.subarray(index === 0 ? 0 : cuts[index - 1], index === cuts.length - 1 ? whole.byteLength : end))
  return { chunks, bytes: whole, headerBytes, frames, chunk_ms, poison: shape.poison ? dice.pick(frames)?.pts : undefined }
}
