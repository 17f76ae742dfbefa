import { createHash, timingSafeEqual } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { type StreamState, StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'

/** SHA-256 of a publisher's token: what is stored of it. */
const tokenHash = (token: string): Uint8Array => createHash('sha256').update(token).digest()

/** Whether the token is the one whose hash is stored, in time that does not depend on where they differ. */
export const isToken = (token: string | undefined, hash: Uint8Array): boolean => {
  if (token === undefined) return false
  const given = tokenHash(token)
  return given.length === hash.length && timingSafeEqual(given, hash)
}

/** Folder of a recording in the object store: `recordings/{YYYY}/{MM}/{DD}/{id}/`, by the UTC day on which it began. */
const keyPrefix = (id: string, wall_ms: number): string => {
  const day = new Date(wall_ms).toISOString().slice(0, 10).replaceAll('-', '/')
  return `recordings/${day}/${id}/`
}

/** The entry of a stream that begins now. */
export const newStream = (id: string, token: string, title: string, wall_ms: number): StreamState =>
  create(StreamStateSchema, {
    streamId: id,
    status: StreamStatus.LIVE,
    title,
    publisherTokenSha256: tokenHash(token),
    createdAtMs: BigInt(wall_ms),
    keyPrefix: keyPrefix(id, wall_ms),
    publishing: true
  })
