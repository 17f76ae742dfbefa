import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { Result } from 'effect'
import { BoxSplitter } from '../../actors/fmp4/boxes.ts'
import type { Box } from '../../actors/fmp4/boxes.ts'
import { readFragment } from '../../actors/fmp4/readFragment.ts'
import { readInit } from '../../actors/fmp4/readInit.ts'
import type { InitInfo } from '../../actors/fmp4/readInit.ts'
import type { Sample } from '../../actors/fmp4/sample.ts'

/** One encoded track. */
export interface EncodedTrack {
  readonly name: 'source' | '120p' | 'audio'
  readonly init: Uint8Array
  readonly info: InitInfo
  readonly samples: ReadonlyArray<Sample>
}

const FRAGMENTED = ['-f', 'mp4', '-movflags', 'empty_moov+default_base_moof+frag_every_frame+skip_trailer', 'pipe:1']

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '40', '-sc_threshold', '0', '-video_track_timescale', '90000']

const encode = (args: ReadonlyArray<string>): Uint8Array => execFileSync('ffmpeg', ['-v', 'error', ...args, ...FRAGMENTED], { maxBuffer: 64 * 1024 * 1024 })

/** A test picture (20 frames a second, a keyframe every 2 s) and a tone, encoded by FFmpeg. */
export const encodeMedia = (duration_s: number): ReadonlyArray<EncodedTrack> => {
  const video = encode(['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=20:duration=${duration_s}`, ...H264])
  const audio = encode(['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${duration_s}`, '-c:a', 'aac', '-ac', '2', '-ar', '48000', '-output_ts_offset', '0'])
  return [readTrack('source', video), readTrack('audio', audio)]
}

/** The same picture as a rung below it, with keyframes at the same times. */
export const encodeRung = (duration_s: number): EncodedTrack =>
  readTrack('120p', encode(['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=20:duration=${duration_s}`, '-vf', 'scale=160:120', ...H264]))

/** A track of so many bytes a second of noise, in another's frames and behind its init segment: nothing can decode it. */
export const bulkyTrack = ({ name, init, info, samples }: EncodedTrack, bytesPerSecond: number): EncodedTrack => ({
  name,
  init,
  info,
  samples: samples.map((sample) => ({ ...sample, data: randomBytes(Math.round((bytesPerSecond * sample.duration) / info.timescale)) }))
})

const readTrack = (name: EncodedTrack['name'], bytes: Uint8Array): EncodedTrack => {
  const { boxes } = new BoxSplitter().push(bytes)
  const ofType = (type: string): ReadonlyArray<Box> => boxes.filter((box) => box.type === type)
  const init = Buffer.concat([...ofType('ftyp'), ...ofType('moov')].map((box) => box.bytes))
  const mdats = ofType('mdat')
  const samples = ofType('moof').flatMap((moof, index) => {
    const mdat = mdats[index]
    return mdat ? Result.getOrThrow(readFragment(moof, mdat)) : []
  })
  return { name, init, info: Result.getOrThrow(readInit(init)), samples }
}
