/** Whether what came out is what a recording holds: each frame once, in order, at its own time. */
import type { Recording } from '../../actors/testing/recordings.ts'
import { type Capture, capturedRuns } from './hlsReader.ts'
import { type DecodedFrame, decodeAudio, decodeFrames, readPackets } from './decode.ts'

/** What FFmpeg decodes of a recording, or of what was read of a stream. */
export interface DecodedMedia {
  readonly frames: ReadonlyArray<DecodedFrame>
  readonly complaints: ReadonlyArray<string>
}

/** Decodes what a viewer took, all of its runs in order; times of different runs are on one timeline. */
export const decodeCapture = async (capture: Capture): Promise<DecodedMedia> => {
  const runs: Array<DecodedMedia> = []
  for (const run of capturedRuns(capture)) runs.push(await decodeFrames(run))
  return { frames: runs.flatMap(({ frames }) => frames), complaints: runs.flatMap(({ complaints }) => complaints) }
}

const sources = new Map<string, Promise<DecodedMedia>>()

/** Decodes a recording, once per process. */
export const decodeRecording = (recording: Recording): Promise<DecodedMedia> => {
  const known = sources.get(recording.name) ?? decodeFrames([recording.bytes])
  sources.set(recording.name, known)
  return known
}

/** Times may be off by the rounding of either side: WebM has milliseconds. */
const tolerance_s = 0.001

/** Differences between the frames' times and the source's, as sentences; none: every frame is there once, in order, equally spaced. */
export const timingFaults = (frames: ReadonlyArray<DecodedFrame>, source: ReadonlyArray<DecodedFrame>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  if (frames.length !== source.length) faults.push(`${frames.length} frames of ${source.length}`)
  const [first, sourceFirst] = [frames[0], source[0]]
  if (first === undefined || sourceFirst === undefined) return faults
  frames.forEach(({ pts_s }, index) => {
    const before = frames[index - 1]
    if (before !== undefined && pts_s <= before.pts_s) faults.push(`frame ${index} at ${pts_s} s comes after ${before.pts_s} s`)
    const expected_s = (source[index]?.pts_s ?? Number.NaN) - sourceFirst.pts_s + first.pts_s
    if (!(Math.abs(pts_s - expected_s) <= tolerance_s)) faults.push(`frame ${index} is at ${pts_s} s instead of ${expected_s} s`)
  })
  return faults
}

/** What audio came out: its length by decoding, and the worst step between packets beside the frame's own length. */
export interface AudioFacts {
  readonly decoded_s: number
  readonly packets: number
  /** Biggest distance of a packet from the end of the one before, seconds, whichever way. */
  readonly worstGap_s: number
}

/** Looks at a captured AAC rendition, run by run. */
export const audioFacts = async (capture: Capture): Promise<AudioFacts> => {
  const facts = { decoded_s: 0, packets: 0, worstGap_s: 0 }
  for (const run of capturedRuns(capture)) {
    const packets = await readPackets(run, 'a:0')
    const gaps = packets.slice(1).map(({ pts_s }, index) => Math.abs(pts_s - (packets[index]?.pts_s ?? 0) - 1024 / 48_000))
    facts.decoded_s += (await decodeAudio(run)).length / 48_000
    facts.packets += packets.length
    facts.worstGap_s = Math.max(facts.worstGap_s, ...gaps)
  }
  return facts
}

/** Decode times at which the fragments of a capture begin, in stored order and in their track's own ticks. */
export const fragmentStarts = ({ media }: Capture): ReadonlyArray<number> =>
  media.flatMap(({ bytes }) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const starts: Array<number> = []
    for (let at = 0; at + 8 <= text.length; at += Math.max(8, text.readUInt32BE(at))) {
      if (text.toString('latin1', at + 4, at + 8) !== 'moof') continue
      const tfdt = text.indexOf('tfdt', at, 'latin1')
      starts.push(text[tfdt + 4] === 1 ? Number(text.readBigUInt64BE(tfdt + 8)) : text.readUInt32BE(tfdt + 8))
    }
    return starts
  })
