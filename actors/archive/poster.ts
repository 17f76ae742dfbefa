import { spawn } from 'node:child_process'
import { Context, Effect } from 'effect'
import { killGroup } from '../ffmpeg/launch.ts'
import { PosterFailed } from './errors.ts'
import { POSTER_BYTES_MAX, POSTER_STDERR_BYTES_MAX, POSTER_WIDTH_MAX } from './limits.ts'

const ARGUMENTS = [
  '-hide_banner', '-v', 'error', '-nostats', '-threads', '1', '-protocol_whitelist', 'pipe', '-f', 'mov', '-i', 'pipe:0', '-map', '0:v:0', '-frames:v', '1',
  '-vf', `scale=w='min(${POSTER_WIDTH_MAX},iw)':h=-2`, '-c:v', 'mjpeg', '-q:v', '4', '-f', 'image2pipe', 'pipe:1'
]

/** The first picture of a segment as JPEG. `init` and `segment` are fragmented MP4; nothing touches the disk or the network. */
export const makePoster = (ffmpeg: string, init: Uint8Array, segment: Uint8Array, timeout_ms: number): Effect.Effect<Uint8Array, PosterFailed> =>
  Effect.callback<Uint8Array, PosterFailed>((resume) => {
    const fail = (reason: string): void => resume(Effect.fail(new PosterFailed({ reason })))
    const child = spawn(ffmpeg, ARGUMENTS, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: '/', env: { PATH: process.env['PATH'] ?? '' } })
    const kill = (): void => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid)
    }
    const picture: Array<Buffer> = []
    let picture_bytes = 0
    let complaint = ''
    child.on('error', (error) => fail(error.message))
    child.stdout.on('data', (chunk: Buffer) => {
      picture_bytes += chunk.length
      if (picture_bytes > POSTER_BYTES_MAX) kill()
      else picture.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-POSTER_STDERR_BYTES_MAX)
    })
    // FFmpeg leaves once it has its picture; what it did not read is of no use then.
    child.stdin.on('error', () => undefined)
    child.on('close', (code) => {
      if (code === 0 && picture_bytes > 0 && picture_bytes <= POSTER_BYTES_MAX) resume(Effect.succeed(Buffer.concat(picture)))
      else fail(`FFmpeg gave no picture (exit ${String(code)}): ${complaint.trim()}`)
    })
    child.stdin.write(init)
    child.stdin.end(segment)
    return Effect.sync(kill)
  }).pipe(
    Effect.timeoutOrElse({ duration: timeout_ms, orElse: () => Effect.fail(new PosterFailed({ reason: `FFmpeg gave no picture within ${timeout_ms} ms` })) })
  )

/** Who makes posters: FFmpeg, unless a world without programs puts something in its place. */
export class PosterMaker extends Context.Reference<typeof makePoster>('millrace/actors/archive/PosterMaker', { defaultValue: () => makePoster }) {}
