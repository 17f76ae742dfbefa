import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'recordings')

/** One browser recording with what its sidecar says about it. */
export interface Recording {
  readonly name: string
  /** The MIME type with which the browser recorded. */
  readonly mimeType: string
  /** How many video frames the stream holds. */
  readonly frames: number
  /** How many Opus packets the stream holds; absent where nobody counted them. */
  readonly audioPackets?: number
  /** What happened while it was recorded: `[ms, what]`. */
  readonly events: ReadonlyArray<readonly [number, string]>
  /** The chunks as the browser delivered them; `at_ms` counts from the recorder's start. */
  readonly chunks: ReadonlyArray<{ readonly at_ms: number; readonly bytes: Uint8Array }>
  /** All chunks as one byte stream (the chunks are slices of it). */
  readonly bytes: Uint8Array
}

interface Sidecar {
  readonly mimeType: string
  readonly frames: number
  readonly audioPackets?: number
  readonly events?: ReadonlyArray<readonly [number, string]>
  readonly chunks: ReadonlyArray<readonly [number, number]>
}

/** File names of all recordings, sorted, for instance `h264.webm`. */
export const recordingNames: ReadonlyArray<string> = readdirSync(folder)
  .filter((name) => /\.(webm|mp4)$/.test(name))
  .sort()

/** Reads one recording of Chromium's MediaRecorder, for instance `h264.webm`. Throws when there is none of that name or its sidecar does not add up. */
export const recording = (name: string): Recording => {
  const bytes = new Uint8Array(readFileSync(join(folder, name)))
  const sidecar = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Sidecar
  let offset = 0
  const chunks = sidecar.chunks.map(([at_ms, length]) => {
    const chunk = { at_ms, bytes: bytes.subarray(offset, offset + length) }
    offset += length
    return chunk
  })
  if (offset !== bytes.length) throw new Error(`${name}: its chunks hold ${offset} of ${bytes.length} bytes`)
  return {
    name,
    mimeType: sidecar.mimeType,
    frames: sidecar.frames,
    ...(sidecar.audioPackets === undefined ? {} : { audioPackets: sidecar.audioPackets }),
    events: sidecar.events ?? [],
    chunks,
    bytes,
  }
}
