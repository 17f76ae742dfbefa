import ffmpeg from 'fluent-ffmpeg'
import { FIRST_OUTPUT } from './launch.ts'
import { THREADS } from './limits.ts'
import type { EncodeAudio, EncodeVideo, FfmpegPlan, OutputPlan } from './plan.ts'

const FRAGMENT_FLAGS = 'empty_moov+default_base_moof+frag_every_frame+skip_trailer+frag_discont+delay_moov'

/** Keyframes come from the source; this only keeps x264 from adding its own. */
const NEVER_GOP = '100000'

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
  const command = ffmpeg().input('pipe:0').inputOptions(inputOptions(plan.container))
  plan.outputs.forEach((output, index) => {
    command.output(`pipe:${FIRST_OUTPUT + index}`).outputOptions([...trackOptions(output), ...muxerOptions(plan.timelineOffset_ms)])
  })
  return (command as unknown as ArgumentSource)._getArguments()
}

const inputOptions = (container: FfmpegPlan['container']): Array<string> => [
  ...['-hide_banner', '-v', 'warning', '-nostats'],
  // Frame threads would hold back one frame per thread; slices do not.
  ...['-threads', String(THREADS), '-thread_type', 'slice'],
  ...['-protocol_whitelist', 'pipe', '-f', DEMUXER[container]],
  // Input may end within a frame; what there is of it must not be shown as a whole one.
  ...['-fflags', '+discardcorrupt'],
  ...['-probesize', '5000000', '-analyzeduration', '0', '-fpsprobesize', '0', '-copyts'],
]

const muxerOptions = (timelineOffset_ms: number): Array<string> => [
  ...['-video_track_timescale', '90000', '-write_btrt', '0', '-f', 'mp4', '-movflags', FRAGMENT_FLAGS],
  ...['-flush_packets', '1', '-output_ts_offset', String(timelineOffset_ms / 1000), '-protocol_whitelist', 'pipe'],
]

const trackOptions = (output: OutputPlan): Array<string> => {
  switch (output._tag) {
    case 'CopyVideo':
      return ['-map', '0:v:0', '-c:v', 'copy']
    case 'EncodeVideo':
      return encodeVideoOptions(output)
    case 'EncodeAudio':
      return encodeAudioOptions(output)
  }
}

const encodeVideoOptions = ({ width, height, bitrate_kbps, trimStart }: EncodeVideo): Array<string> => {
  const trim = trimStart === undefined ? '' : `trim=start_pts=${trimStart},`
  const size = `${width}:${height}`
  const filter = `${trim}scale=${size}:force_original_aspect_ratio=decrease,pad=${size}:-1:-1,setsar=1`
  return [
    ...['-map', '0:v:0', '-vf', filter, '-c:v', 'libx264', '-threads', String(THREADS)],
    // A wrong guess of the frame rate ruins rate control and level; timestamps do not come from it.
    ...['-x264-params', 'fps=30/1', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-g', NEVER_GOP, '-sc_threshold', '0', '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
    ...['-force_key_frames', 'source'],
    ...['-b:v', `${bitrate_kbps}k`, '-maxrate', `${bitrate_kbps}k`, '-bufsize', `${bitrate_kbps}k`],
  ]
}

const encodeAudioOptions = ({ trimStart }: EncodeAudio): Array<string> => {
  const trim = trimStart === undefined ? '' : `atrim=start_pts=${trimStart},`
  return [
    ...['-map', '0:a:0', '-af', `${trim}aresample=async=1`],
    ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-ar', '48000'],
  ]
}
