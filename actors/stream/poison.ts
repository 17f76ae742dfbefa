import type { Chunk } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import type { Owned } from '../../runtime/ActorKind.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import { type Packager, timelineEnd } from '../packager/packager.ts'
import { toCommon } from '../packager/track.ts'
import { ANYWHERE } from '../source/seeking.ts'
import { type RandomAccessPoint, resumePrefix, seekBehind, type SourceIndex, type SourceItem } from '../source/sourceIndex.ts'
import { LETTER_BYTES, LOSS_REASON_CHARS_MAX, POISON_ATTEMPTS, POISON_BYTES_MAX, SOUND_PASSED_OVER_MS } from './limits.ts'
import { noteLoss } from './losses.ts'
import type { Source, StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'

const TICKS_PER_MS = 90

/** What an activation passes over, after others before it broke on it. */
export const suspect = ({ attempts, brokenBy }: Pick<Owned<unknown>, 'attempts' | 'brokenBy'>): StreamState['poison'] =>
  attempts < POISON_ATTEMPTS ? undefined : { reason: `it broke ${attempts} activations in a row: ${brokenBy ?? ''}`.slice(0, LOSS_REASON_CHARS_MAX), bytes: 0, parkedSeq: 0 }

/**
 * The index of a source that is to be gone on with behind poison: at the first random-access point that is behind all
 * pictures that are published, and not the one where it was resumed.
 */
export const behindPoison = (index: SourceIndex, packager: Packager, source: Pick<Source, 'offset_ms' | 'tracks'>, point: RandomAccessPoint | undefined): SourceIndex => {
  const pictures = packager.tracks.filter(({ init, lastPts }) => init.info.kind === 'video' && lastPts >= 0)
  const sound = source.tracks.video === undefined ? [timelineEnd(packager) + SOUND_PASSED_OVER_MS * TICKS_PER_MS] : []
  const published = Math.max(...pictures.map((track) => toCommon(track, track.lastPts)), ...sound)
  const pts = published - source.offset_ms * TICKS_PER_MS
  if (point === undefined) return seekBehind(index, { passed: true, behind: { ...ANYWHERE, pts } })
  return seekBehind(index, { behind: { offset: point.position.offset, pts: Math.max(point.pts, pts) } })
}

/**
 * A frame that is passed over is counted, and its record kept as a dead letter, unless the stream goes on with its very
 * first byte, or it lies before where this activation resumed: then there was nothing wrong with it.
 */
export const parkPoison = (turn: Turn, entry: LogEntry, chunk: Chunk, items: ReadonlyArray<SourceItem>): void => {
  const { poison, source, resume } = turn.state
  if (poison === undefined || source === undefined) return
  const found = items.find((item) => item._tag === 'Found')
  if (found?.at.position.ingestSeq === entry.seq && found.at.position.offset === Number(chunk.offset)) return
  if (resume._tag === 'Point' && Number(chunk.offset) + chunk.data.length <= resume.point.position.offset) return
  noteLoss(turn, { kind: LossKind.POISON, firstSeq: chunk.seq, endSeq: chunk.seq + 1, reason: poison.reason })
  const bytes = poison.bytes + entry.data.byteLength
  if (bytes > POISON_BYTES_MAX || poison.parkedSeq === entry.seq) return
  const prefix = poison.bytes === 0 && resume._tag === 'Point' && source.header !== undefined ? resumePrefix(source.container, source.header, resume.point) : new Uint8Array()
  // A message that is too big for the log would never get there.
  const context = entry.data.byteLength + prefix.byteLength + LETTER_BYTES < turn.state.config.messageBytesMax ? prefix : new Uint8Array()
  const from = resume._tag === 'Point' ? resume.point.position.offset : 0
  turn.set({ poison: { ...poison, bytes, parkedSeq: entry.seq }, parking: turn.state.parking + 1 })
  turn.act({ _tag: 'Park', reason: `from byte ${from} of epoch ${source.epoch} on: ${poison.reason}`, entry, context })
}
