import { execFileSync } from 'node:child_process'
import { Result } from 'effect'
import { type Box, BoxSplitter } from '../../fmp4/boxes.ts'
import { readFragment } from '../../fmp4/readFragment.ts'
import type { Sample } from '../../fmp4/sample.ts'

/** One track that FFmpeg made: its init segment and all its samples. */
export interface EncodedTrack {
  readonly init: Uint8Array
  readonly samples: ReadonlyArray<Sample>
}

const MUXER = '-f mp4 -movflags empty_moov+default_base_moof+frag_every_frame+skip_trailer+frag_discont+delay_moov -output_ts_offset 10 pipe:1'

const encode = (options: string): EncodedTrack => {
  const bytes = execFileSync('ffmpeg', `-hide_banner -v error -threads 1 ${options} ${MUXER}`.split(' '), { maxBuffer: 256 * 1024 * 1024 })
  const { boxes } = new BoxSplitter().push(bytes)
  const at = boxes.findIndex(({ type }) => type === 'moof')
  const samples: Array<Sample> = []
  for (let index = at; index + 1 < boxes.length; index += 2) samples.push(...samplesOf(boxes[index], boxes[index + 1]))
  return { init: Buffer.concat(boxes.slice(0, at).map((box) => box.bytes)), samples }
}

const samplesOf = (moof: Box | undefined, mdat: Box | undefined): ReadonlyArray<Sample> =>
  moof === undefined || mdat === undefined ? [] : Result.getOrThrow(readFragment(moof, mdat))

/** H.264, 320×240, 20 frames a second with a keyframe every 2 s, time scale 90 000; each frame differs from all others. */
export const encodeVideo = (time_s: number): EncodedTrack =>
  encode(
    `-f lavfi -i testsrc2=size=320x240:rate=20:duration=${time_s} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 0 -g 40 -sc_threshold 0 -video_track_timescale 90000`
  )

/** AAC, 48 kHz. */
export const encodeAudio = (time_s: number): EncodedTrack => encode(`-f lavfi -i sine=frequency=440:sample_rate=48000:duration=${time_s} -c:a aac -ac 2`)
