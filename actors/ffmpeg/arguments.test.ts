import { expect, it } from 'vitest'
import { ffmpegArguments } from './arguments.ts'

const input = (demuxer: string): string =>
  '-hide_banner -v warning -nostats -threads 2 -thread_type slice -protocol_whitelist pipe' +
  ` -f ${demuxer} -fflags +discardcorrupt -probesize 5000000 -analyzeduration 0 -fpsprobesize 0 -copyts -i pipe:0`

const muxer = (offset: string, descriptor: number): string =>
  '-video_track_timescale 90000 -write_btrt 0 -f mp4' +
  ' -movflags empty_moov+default_base_moof+frag_every_frame+skip_trailer+frag_discont+delay_moov' +
  ` -flush_packets 1 -output_ts_offset ${offset} -protocol_whitelist pipe pipe:${descriptor}`

const encoder =
  '-c:v libx264 -threads 2 -x264-params fps=30/1 -preset veryfast -tune zerolatency -pix_fmt yuv420p' +
  ' -g 100000 -sc_threshold 0 -fps_mode passthrough -enc_time_base -1 -force_key_frames source'

it('copies video, encodes a rung and audio, each into its own socket', () => {
  const args = ffmpegArguments(
    {
      container: 'webm',
      timelineOffset_ms: 10_000,
      outputs: [
        { _tag: 'CopyVideo', rendition: 'source' },
        { _tag: 'EncodeVideo', rendition: '240p', width: 320, height: 240, bitrate_kbps: 400 },
        { _tag: 'EncodeAudio', rendition: 'audio' },
      ],
    },
  )
  expect(args.join(' ')).toBe(
    [
      input('matroska'),
      '-map 0:v:0 -c:v copy',
      muxer('10', 3),
      '-map 0:v:0 -vf scale=320:240:force_original_aspect_ratio=decrease,pad=320:240:-1:-1,setsar=1',
      encoder,
      '-b:v 400k -maxrate 400k -bufsize 400k',
      muxer('10', 4),
      '-map 0:a:0 -af aresample=async=1 -c:a aac -b:a 128k -ac 2 -ar 48000',
      muxer('10', 5),
    ].join(' '),
  )
})

it('trims what was published, and moves an epoch to where the last one ended', () => {
  const args = ffmpegArguments(
    {
      container: 'mp4',
      timelineOffset_ms: 72_345,
      outputs: [
        { _tag: 'EncodeVideo', rendition: 'source', width: 640, height: 480, bitrate_kbps: 1_000, trimStart: 5_004 },
        { _tag: 'EncodeAudio', rendition: 'audio', trimStart: 240_640 },
      ],
    },
  )
  expect(args.join(' ')).toBe(
    [
      input('mov'),
      '-map 0:v:0 -vf trim=start_pts=5004,scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1,setsar=1',
      encoder,
      '-b:v 1000k -maxrate 1000k -bufsize 1000k',
      muxer('72.345', 3),
      '-map 0:a:0 -af atrim=start_pts=240640,aresample=async=1 -c:a aac -b:a 128k -ac 2 -ar 48000',
      muxer('72.345', 4),
    ].join(' '),
  )
})
