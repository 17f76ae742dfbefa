/** The generated camera's recording taken once, as a recording of a browser: so that many streams cost no encoder each. */
import type { Recording } from '../../actors/testing/recordings.ts'
import { startCamera } from './camera.ts'

const chunk_ms = 100
/** Chunks of a recorder end anywhere; so do these, some bytes into a Cluster. */
const intoCluster_bytes = 7
const crc32Id = 0xbf
const crc32_bytes = 6
const clusterId = Buffer.from([0x1f, 0x43, 0xb6, 0x75])

/** Where each Matroska Cluster begins, with its Timestamp in ms. */
const clustersOf = (bytes: Buffer): ReadonlyArray<{ readonly offset: number; readonly at_ms: number }> => {
  const clusters: Array<{ offset: number; at_ms: number }> = []
  for (let at = bytes.indexOf(clusterId); at >= 0; at = bytes.indexOf(clusterId, at + 1)) {
    const sizeLength = Math.clz32(bytes[at + 4] ?? 0) - 23
    const first = at + 4 + sizeLength
    const timestamp = bytes[first] === crc32Id ? first + crc32_bytes : first
    if (bytes[timestamp] !== 0xe7) continue
    const length = (bytes[timestamp + 1] ?? 0) & 0x7f
    clusters.push({ offset: at, at_ms: bytes.readUIntBE(timestamp + 2, length) })
  }
  return clusters
}

/** Cuts a byte stream into what a recorder with a time slice would give, each chunk at the time at which it would. */
const chunked = (bytes: Buffer): Recording['chunks'] => {
  const chunks: Array<{ at_ms: number; bytes: Uint8Array }> = []
  let start = 0
  for (const { offset, at_ms } of clustersOf(bytes)) {
    const due_ms = (chunks.length + 1) * chunk_ms
    if (at_ms < due_ms) continue
    chunks.push({ at_ms: due_ms, bytes: bytes.subarray(start, offset + intoCluster_bytes) })
    start = offset + intoCluster_bytes
  }
  return [...chunks, { at_ms: (chunks.length + 1) * chunk_ms, bytes: bytes.subarray(start) }]
}

/**
 * Films (320 × 180 by default) at 30 frames a second for so long: H.264 and Opus, a keyframe each second, chunks of about 100 ms, the
 * frames' numbers in the picture from 0 on.
 */
export const film = async (seconds: number, size = { width: 320, height: 180, bitrate: 400_000 }): Promise<Recording> => {
  const frames = seconds * 30
  const camera = startCamera({ ...size, frames, pace: 'fast' })
  const gathered: Array<Uint8Array> = []
  for await (const { bytes } of camera.chunks) gathered.push(bytes)
  const bytes = Buffer.concat(gathered)
  return { name: `film of ${seconds} s`, mimeType: camera.mimeType, frames, events: [], chunks: chunked(bytes), bytes }
}
