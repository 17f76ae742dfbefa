import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Runs `use` with a folder that is gone afterwards. */
export const withFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'ffmpeg-test-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Presentation times of the first track of `kind`, as ffprobe reads them: in source ticks, with the ticks per second. */
export const sourcePts = async (
  path: string,
  kind: 'v' | 'a',
): Promise<{ readonly timescale: number; readonly pts: ReadonlyArray<number> }> => {
  const fields = 'stream=time_base:packet=pts'
  const { stdout } = await run(
    'ffprobe',
    ['-v', 'error', '-select_streams', `${kind}:0`, '-show_entries', fields, '-of', 'json', path],
    { maxBuffer: OUTPUT_BYTES_MAX },
  )
  const probed = JSON.parse(stdout) as {
    readonly packets: ReadonlyArray<{ readonly pts: number }>
    readonly streams: ReadonlyArray<{ readonly time_base: string }>
  }
  const timescale = Number(probed.streams[0]?.time_base.split('/')[1])
  return { timescale, pts: probed.packets.map((packet) => packet.pts) }
}

/** Hashes of the decoded frames of `media`, in the order in which they are shown; `options` choose among tracks. */
export const frameHashes = async (
  media: Uint8Array,
  options: ReadonlyArray<string> = [],
): Promise<ReadonlyArray<string>> =>
  withFolder(async (folder) => {
    const path = join(folder, 'media')
    await writeFile(path, media)
    const args = ['-v', 'error', '-xerror', '-i', path, ...options, '-fps_mode', 'passthrough', '-f', 'framemd5', '-']
    const { stdout } = await run('ffmpeg', args, { maxBuffer: OUTPUT_BYTES_MAX })
    return stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(',').at(-1)?.trim() ?? '')
  })
