import ffmpeg from 'fluent-ffmpeg'
import { FIRST_OUTPUT } from './launch.ts'
import { STILL_FRAMES, STILLS_PER_SECOND, THREADS } from './limits.ts'
import type { EncodeAudio, EncodeVideo, FfmpegPlan, OutputPlan, StillVideo } from './plan.ts'

const FRAGMENT_FLAGS = 'empty_moov+default_base_moof+frag_every_frame+skip_trailer+frag_discont+delay_moov'

/** Keyframes come from the source; this only keeps x264 from adding its own. */
const NEVER_GOP = '100000'

const AAC = ['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-ar', '48000']

/** Microseconds: pictures that the header promises and nobody wants would be waited for for five seconds. */
const NO_ANALYSIS = '1'

/** Enough for an init segment and a frame. */
const SILENCE_S = 0.2

const DEMUXER = { webm: 'matroska', mp4: 'mov' } as const

/** What the private part of fluent-ffmpeg that is used here looks like. */
interface ArgumentSource {
  readonly _getArguments: () => ReadonlyArray<string>
}

/**
 * The argument list of `plan`, whose outputs are the child's descriptors from `FIRST_OUTPUT` on. fluent-ffmpeg builds the command and its list; the child
 * is spawned by `FfmpegChild`, because fluent-ffmpeg's `run` keeps stderr without a bound, pipes stdin without
 * accounting, and has no process group.
 */
export const ffmpegArguments = (plan: FfmpegPlan): ReadonlyArray<string> => {
  const command = ffmpeg().input('pipe:0').inputOptions(inputOptions(plan))
  plan.outputs.forEach((output, index) => {
    command.output(`pipe:${FIRST_OUTPUT + index}`).outputOptions([...trackOptions(output, index), ...muxerOptions(plan.timelineOffset_ms)])
  })
  return (command as unknown as ArgumentSource)._getArguments()
}

const inputOptions = ({ container, outputs }: FfmpegPlan): Array<string> => [
  ...['-hide_banner', '-v', 'warning', '-nostats'],
  // Frame threads would hold back one frame per thread; slices do not.
  ...['-threads', String(THREADS), '-thread_type', 'slice'],
  ...['-protocol_whitelist', 'pipe', '-f', DEMUXER[container]],
  // Input may end within a frame; what there is of it must not be shown as a whole one.
  ...['-fflags', '+discardcorrupt'],
  ...['-probesize', '5000000', '-analyzeduration', outputs.some(takesPictures) ? '0' : NO_ANALYSIS, '-fpsprobesize', '0', '-copyts'],
]

const takesPictures = (output: OutputPlan): boolean => output._tag === 'CopyVideo' || output._tag === 'EncodeVideo' || (output._tag === 'StillVideo' && output.picture !== undefined)

const muxerOptions = (timelineOffset_ms: number): Array<string> => [
  ...['-video_track_timescale', '90000', '-write_btrt', '0', '-f', 'mp4', '-movflags', FRAGMENT_FLAGS],
  ...['-flush_packets', '1', '-output_ts_offset', String(timelineOffset_ms / 1000), '-protocol_whitelist', 'pipe'],
]

const trackOptions = (output: OutputPlan, index: number): Array<string> => {
  switch (output._tag) {
    case 'CopyVideo':
      return ['-map', '0:v:0', '-c:v', 'copy']
    case 'EncodeVideo':
      return encodeVideoOptions(output)
    case 'EncodeAudio':
      return encodeAudioOptions(output)
    case 'StillVideo':
      return [...stillInput(output, `still${index}`), ...encoderOptions(output.bitrate_kbps)]
    case 'Silence':
      return ['-filter_complex', `anullsrc=channel_layout=stereo:sample_rate=48000:duration=${SILENCE_S}[silence]`, '-map', '[silence]', ...AAC]
  }
}

const encodeVideoOptions = ({ width, height, bitrate_kbps, trimStart }: EncodeVideo): Array<string> => {
  const trim = trimStart === undefined ? '' : `trim=start_pts=${trimStart},`
  return ['-map', '0:v:0', '-vf', `${trim}${fitted(width, height)}`, ...encoderOptions(bitrate_kbps, ['-force_key_frames', 'source'])]
}

const fitted = (width: number, height: number): string => `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1`

const encoderOptions = (bitrate_kbps: number, keyframes: ReadonlyArray<string> = []): Array<string> => [
  ...['-c:v', 'libx264', '-threads', String(THREADS)],
  // A wrong guess of the frame rate ruins rate control and level; timestamps do not come from it.
  ...['-x264-params', 'fps=30/1', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', NEVER_GOP, '-sc_threshold', '0', '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
  ...keyframes,
  ...['-b:v', `${bitrate_kbps}k`, '-maxrate', `${bitrate_kbps}k`, '-bufsize', `${bitrate_kbps}k`],
]

/** The muxer keeps a frame until the next one has come, so there is one more than is wanted; and no end, for the input goes on. */
const stillInput = ({ width, height, picture }: StillVideo, label: string): Array<string> => {
  const seconds = (STILL_FRAMES + 1) / STILLS_PER_SECOND
  if (picture === undefined) {
    return ['-filter_complex', `color=black:size=${width}x${height}:rate=${STILLS_PER_SECOND}:duration=${seconds},setsar=1[${label}]`, '-map', `[${label}]`]
  }
  const filter = `select='gte(n,${picture})',loop=loop=${STILL_FRAMES}:size=1,settb=1/90000,setpts=N*${90_000 / STILLS_PER_SECOND},${fitted(width, height)}`
  return ['-map', '0:v:0', '-vf', filter]
}

const encodeAudioOptions = ({ trimStart }: EncodeAudio): Array<string> => {
  const trim = trimStart === undefined ? '' : `atrim=start_pts=${trimStart},`
  return [
    ...['-map', '0:a:0', '-af', `${trim}aresample=async=1`],
    ...AAC,
  ]
}
