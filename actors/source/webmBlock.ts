import { SOURCE_AUDIO_BLOCK_BYTES_MAX, SOURCE_FRAME_BYTES_MAX } from '../limits.ts'
import { isRead, readVint } from './ebml.ts'
import { opusSamples } from './opus.ts'
import { need, stop, type Step } from './step.ts'
import type { WebmAudio } from './webmTracks.ts'

/** The head of a SimpleBlock or Block (RFC 9559 §10). Offsets count from the unit's beginning. */
export interface BlockHead {
  readonly track: number
  /** Where the two bytes of its time relative to the Cluster stand. */
  readonly timeAt: number
  readonly relativeTime: number
  /** The keyframe flag; means something in a SimpleBlock only. */
  readonly keyframe: boolean
  /** 0 none, 1 Xiph, 2 fixed, 3 EBML. */
  readonly lacing: number
  readonly payload: number
  readonly end: number
}

/** Reads the head of the block whose content lies at `start` … `end` of the unit. */
export const readBlockHead = (unit: Uint8Array, start: number, end: number): BlockHead | Step<never> => {
  if (end - start > SOURCE_FRAME_BYTES_MAX) return stop(`a block of ${end - start} bytes is larger than the ${SOURCE_FRAME_BYTES_MAX} allowed`)
  if (end - start < 4) return stop('a block is too short for its own head', start)
  const track = readVint(unit, start)
  if (track === 'malformed') return stop('a block has a malformed track number', start)
  const payload = start + (isRead(track) ? track.length + 3 : track.need)
  if (payload > end) return stop('a block is too short for its own head', start)
  if (!isRead(track) || payload > unit.length) return need(payload)
  const timeAt = start + track.length
  const flags = unit[timeAt + 2] ?? 0
  const time = ((unit[timeAt] ?? 0) << 8) | (unit[timeAt + 1] ?? 0)
  return {
    track: track.value,
    timeAt,
    relativeTime: (time << 16) >> 16,
    keyframe: (flags & 0x80) !== 0,
    lacing: (flags >> 1) & 3,
    payload,
    end,
  }
}

const packetSamples = (audio: WebmAudio, head: Uint8Array, size: number): number => {
  if (audio.codec === 'opus') return opusSamples(head)
  if (audio.codec === 'pcm' && audio.sampleBytes > 0) return Math.floor(size / audio.sampleBytes)
  return audio.frameSamples
}

/** Sizes of all laced frames but the last, by Xiph lacing: each a run of 255s and the rest. */
const xiphSizes = (bytes: Uint8Array, count: number): { readonly sizes: Array<number>; readonly length: number } => {
  const sizes: Array<number> = []
  let at = 0
  while (sizes.length < count && at < bytes.length) {
    let size = 0
    for (; bytes[at] === 255; at++) size += 255
    size += bytes[at++] ?? 0
    sizes.push(size)
  }
  return { sizes, length: at }
}

/** The same by EBML lacing: the first size, then signed differences. */
const ebmlSizes = (bytes: Uint8Array, count: number): { readonly sizes: Array<number>; readonly length: number } | undefined => {
  const sizes: Array<number> = []
  let at = 0
  while (sizes.length < count) {
    const number = readVint(bytes, at)
    if (!isRead(number)) return undefined
    const bias = 2 ** (7 * number.length - 1) - 1
    sizes.push(sizes.length === 0 ? number.value : (sizes.at(-1) ?? 0) + number.value - bias)
    at += number.length
  }
  return { sizes, length: at }
}

/** Cuts the payload of a laced block into its frames (RFC 9559 §10.3); undefined when the lace does not add up. */
const unlace = (payload: Uint8Array, lacing: number): ReadonlyArray<Uint8Array> | undefined => {
  const last = payload[0]
  if (last === undefined) return undefined
  const count = last + 1
  const laced = payload.subarray(1)
  const frames: Array<Uint8Array> = []
  if (lacing === 2) {
    const size = laced.length / count
    if (!Number.isInteger(size)) return undefined
    for (let i = 0; i < count; i++) frames.push(laced.subarray(i * size, (i + 1) * size))
    return frames
  }
  const lace = lacing === 1 ? xiphSizes(laced, count - 1) : ebmlSizes(laced, count - 1)
  if (lace === undefined || lace.sizes.length < count - 1) return undefined
  let at = lace.length
  for (const size of lace.sizes) {
    if (size < 0 || at + size > laced.length) return undefined
    frames.push(laced.subarray(at, at + size))
    at += size
  }
  if (at > laced.length) return undefined
  frames.push(laced.subarray(at))
  return frames
}

/** Samples of each packet in an audio block, 0 where the codec does not tell. Of a block without lacing only the first two payload bytes are needed. */
export const readAudioBlock = (unit: Uint8Array, block: BlockHead, audio: WebmAudio): ReadonlyArray<number> | Step<never> => {
  const size = block.end - block.payload
  if (size > SOURCE_AUDIO_BLOCK_BYTES_MAX) return stop(`an audio block of ${size} bytes is larger than the ${SOURCE_AUDIO_BLOCK_BYTES_MAX} allowed`)
  const wanted = block.payload + (block.lacing === 0 ? Math.min(size, 2) : size)
  if (unit.length < wanted) return need(wanted)
  if (block.lacing === 0) return [packetSamples(audio, unit.subarray(block.payload, wanted), size)]
  const frames = unlace(unit.subarray(block.payload, block.end), block.lacing)
  if (frames === undefined) return stop('the lacing of an audio block does not add up', block.payload)
  return frames.map((frame) => packetSamples(audio, frame, frame.length))
}
