/** What is kept of an epoch until the edge has made it durable. Pure. */
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_CHUNKS_MAX } from './limits.ts'

/** A run of bytes of a recorder. */
export interface Chunk {
  readonly bytes: Blob
  readonly captured_ms: number
}

/** What the edge has made durable of an epoch: all before and with `seq`. */
export interface Acked {
  /** -1: nothing. */
  readonly seq: number
  readonly bytes: number
}

/** One byte stream of one recorder. */
export interface Epoch {
  /** The recorder's own number of it. */
  readonly key: number
  readonly mimeType: string
  /** What the edge calls it, once it has begun there. */
  readonly number: number | undefined
  readonly acked: Acked
  /** Chunks that are not acknowledged; the first has the sequence `acked.seq + 1`. */
  readonly chunks: ReadonlyArray<Chunk>
  /** Bytes of `chunks`. */
  readonly keptBytes: number
  /** Sequence of the next chunk to send on this connection. */
  readonly nextSeq: number
  /** Its recorder gives nothing more. */
  readonly finished: boolean
}

/** The epoch of a recorder that has just been started. */
export const beginEpoch = (key: number, mimeType: string): Epoch => ({
  key,
  mimeType,
  number: undefined,
  acked: { seq: -1, bytes: 0 },
  chunks: [],
  keptBytes: 0,
  nextSeq: 0,
  finished: false,
})

const floorOf = ({ acked }: Epoch): number => acked.seq + 1

/** What is kept of all epochs together. */
export const keptOf = (epochs: ReadonlyArray<Epoch>): { readonly chunks: number; readonly bytes: number } => ({
  chunks: epochs.reduce((sum, { chunks }) => sum + chunks.length, 0),
  bytes: epochs.reduce((sum, { keptBytes }) => sum + keptBytes, 0),
})

const bytesOf = (chunks: ReadonlyArray<Chunk>): number => chunks.reduce((sum, { bytes }) => sum + bytes.size, 0)

/** Whether everything so far is durable. */
export const isDrained = ({ chunks }: Epoch): boolean => chunks.length === 0

/** Whether chunks are on their way to the edge. */
export const isInFlight = (epoch: Epoch): boolean => epoch.nextSeq > floorOf(epoch)

/** Keeps more chunks. */
export const keepChunks = (epoch: Epoch, chunks: ReadonlyArray<Chunk>): Epoch => ({
  ...epoch,
  chunks: [...epoch.chunks, ...chunks],
  keptBytes: epoch.keptBytes + bytesOf(chunks),
})

const forget = (epoch: Epoch, count: number, acked: Acked): Epoch => ({
  ...epoch,
  acked,
  chunks: epoch.chunks.slice(count),
  keptBytes: epoch.keptBytes - bytesOf(epoch.chunks.slice(0, count)),
})

/** Lets go of what is acknowledged. An ack of what was never sent, or of what was acknowledged before, changes nothing. */
export const acknowledge = (epoch: Epoch, acked: Acked): Epoch =>
  acked.seq < floorOf(epoch) || acked.seq >= epoch.nextSeq ? epoch : forget(epoch, acked.seq + 1 - floorOf(epoch), acked)

/**
 * Goes on where the edge says. `undefined`: it asks for chunks that are not kept any more, or counts some that were never
 * taken here, and only another epoch can go on.
 */
export const resumeAt = (epoch: Epoch, nextSeq: number): Epoch | undefined => {
  const stored = nextSeq - floorOf(epoch)
  const isElsewhere = stored > epoch.chunks.length && !(epoch.finished && isDrained(epoch))
  if (stored < 0 || isElsewhere) return undefined
  const acked = { seq: nextSeq - 1, bytes: epoch.acked.bytes + bytesOf(epoch.chunks.slice(0, stored)) }
  return { ...forget(epoch, stored, acked), nextSeq }
}

/** The chunks that may be sent now, in order: at least one where none is on its way. */
export const dueChunks = (epoch: Epoch): ReadonlyArray<Chunk> => {
  const sent = epoch.nextSeq - floorOf(epoch)
  let bytes = bytesOf(epoch.chunks.slice(0, sent))
  let end = sent
  for (const chunk of epoch.chunks.slice(sent)) {
    bytes += chunk.bytes.size
    if (end > 0 && (bytes > IN_FLIGHT_BYTES_MAX || end >= IN_FLIGHT_CHUNKS_MAX)) break
    end++
  }
  return epoch.chunks.slice(sent, end)
}
