import type { Sample } from './sample.ts'

const TRACK_ID = 1
const SYNC_SAMPLE = 0x0200_0000
const NON_SYNC_SAMPLE = 0x0101_0000
const DEFAULT_BASE_IS_MOOF = 0x02_0000
/** data offset, and per sample: duration, size, flags, composition offset */
const RUN_FLAGS = 0x001 | 0x100 | 0x200 | 0x400 | 0x800

const MFHD_BYTES = 16
const TFHD_BYTES = 16
const TFDT_BYTES = 20
const RUN_HEADER_BYTES = 20
const SAMPLE_BYTES = 16
const BOX_HEADER_BYTES = 8

/**
 * One `moof` + `mdat` of track 1 (ISO/IEC 14496-12 §8.8) that continues FFmpeg's init segment. The samples must be in
 * decode order; their `dts` is kept exactly: where the next sample begins earlier or later than a duration says, the
 * written duration is the distance between the two. Throws `RangeError` (a defect of the caller) without samples, or
 * when `dts` goes back.
 */
export const writeFragment = (sequenceNumber: number, samples: ReadonlyArray<Sample>): Uint8Array => {
  const first = samples[0]
  if (first === undefined) throw new RangeError('a fragment has at least one sample')
  const runBytes = RUN_HEADER_BYTES + SAMPLE_BYTES * samples.length
  const trafBytes = BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES + runBytes
  const moofBytes = BOX_HEADER_BYTES + MFHD_BYTES + trafBytes
  const dataBytes = samples.reduce((sum, sample) => sum + sample.data.length, 0)
  const bytes = new Uint8Array(moofBytes + BOX_HEADER_BYTES + dataBytes)
  const writer = new BoxWriter(bytes)
  writer.box('moof', moofBytes)
  writer.box('mfhd', MFHD_BYTES).u32(0).u32(sequenceNumber)
  writer.box('traf', trafBytes)
  writer.box('tfhd', TFHD_BYTES).u32(DEFAULT_BASE_IS_MOOF).u32(TRACK_ID)
  writer.box('tfdt', TFDT_BYTES).u32(0x0100_0000).u64(first.dts)
  writer.box('trun', runBytes).u32(0x0100_0000 | RUN_FLAGS).u32(samples.length).u32(moofBytes + BOX_HEADER_BYTES)
  samples.forEach((sample, index) => {
    const duration = (samples[index + 1]?.dts ?? sample.dts + sample.duration) - sample.dts
    if (duration < 0) throw new RangeError(`dts goes back after ${sample.dts}`)
    writer.u32(duration).u32(sample.data.length).u32(sample.keyframe ? SYNC_SAMPLE : NON_SYNC_SAMPLE).u32(sample.cts)
  })
  writer.box('mdat', BOX_HEADER_BYTES + dataBytes)
  for (const sample of samples) writer.data(sample.data)
  return bytes
}

/** Writes big-endian fields one after another. */
class BoxWriter {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  box(type: string, size: number): this {
    this.u32(size)
    for (let index = 0; index < 4; index += 1) this.#bytes[this.#at + index] = type.charCodeAt(index)
    this.#at += 4
    return this
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value)
    this.#at += 4
    return this
  }

  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value))
    this.#at += 8
    return this
  }

  data(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }
}
