import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What FFmpeg decodes of one stream (`v` or `a`) of `input`: for video one hash a frame, for audio one line a frame. */
const framesOf = (input: string, stream: 'v' | 'a', demuxer: ReadonlyArray<string>): ReadonlyArray<string> => {
  const output = execFileSync('ffmpeg', ['-hide_banner', '-v', 'error', ...demuxer, '-i', input, '-map', `0:${stream}:0`, '-fps_mode', 'passthrough', '-f', 'framehash', '-'], {
    maxBuffer: 64 * 1024 * 1024
  }).toString()
  return output.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(',').at(-1)?.trim() ?? '')
}

const inFolder = <A>(files: ReadonlyMap<string, Uint8Array>, use: (folder: string) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-decoded-'))
  try {
    for (const [name, bytes] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), bytes)
    }
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Hashes of the decoded frames of one MP4. */
export const framesOfMp4 = (bytes: Uint8Array, stream: 'v' | 'a'): ReadonlyArray<string> =>
  inFolder(new Map([['file.mp4', bytes]]), (folder) => framesOf(join(folder, 'file.mp4'), stream, ['-f', 'mov']))

/** Hashes of the decoded frames that FFmpeg's HLS reader plays from these files, beginning at `index`. */
export const framesOfHls = (files: ReadonlyMap<string, Uint8Array>, index: string, stream: 'v' | 'a'): ReadonlyArray<string> =>
  inFolder(files, (folder) => framesOf(join(folder, index), stream, ['-f', 'hls', '-allowed_extensions', 'ALL']))

/** Width of a JPEG, as FFmpeg decodes it. */
export const widthOfJpeg = (bytes: Uint8Array): number =>
  inFolder(new Map([['poster.jpg', bytes]]), (folder) =>
    Number(
      execFileSync('ffprobe', ['-v', 'error', '-f', 'image2', '-select_streams', 'v', '-show_entries', 'stream=width', '-of', 'csv=p=0', join(folder, 'poster.jpg')])
        .toString()
        .trim()
    )
  )
