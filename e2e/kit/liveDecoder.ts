/** Decodes a stream while it comes in, and tells the label of each picture as soon as it is decoded. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ffmpegPath } from './ffmpegPath.ts'
import { type Label, readLabel, stripSize } from './label.ts'

/** A decoder that is being fed. */
export interface LiveDecoder {
  /** Takes an init segment or fragments, in order. */
  readonly feed: (bytes: Uint8Array) => void
  /** Ends the input; resolves when all of it is decoded. */
  readonly finish: () => Promise<void>
  readonly kill: () => void
}

/** Starts an FFmpeg that decodes fragmented MP4; `onPicture` gets `undefined` for a picture without a readable label. */
export const startLiveDecoder = (onPicture: (label: Label | undefined) => void): LiveDecoder => {
  const strip = `crop=iw:floor(iw/32)*3:0:0,scale=${stripSize.width}:${stripSize.height}:flags=area,format=gray`
  const child = spawn(
    ffmpegPath,
    [
      ...['-hide_banner', '-v', 'error', '-nostats', '-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0'],
      ...['-flags', 'low_delay', '-threads', '1', '-f', 'mov', '-i', 'pipe:0', '-map', '0:v:0'],
      ...['-vf', strip, '-fps_mode', 'passthrough', '-flush_packets', '1', '-f', 'rawvideo', 'pipe:1'],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'close')
  const stripBytes = stripSize.width * stripSize.height
  let rest: Uint8Array = new Uint8Array(0)
  child.stdout.on('data', (bytes: Uint8Array) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (; rest.length >= stripBytes; rest = rest.subarray(stripBytes)) onPicture(readLabel(rest.subarray(0, stripBytes)))
  })
  // A decoder that was killed leaves a broken pipe behind; whoever killed it knows.
  child.stdin.on('error', () => undefined)
  return {
    feed: (bytes) => {
      child.stdin.write(bytes)
    },
    finish: async () => {
      child.stdin.end()
      await exited
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}
