import { create, toBinary } from '@bufbuild/protobuf'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { type Loss, LossKind, LossSchema } from '../../proto/gen/millrace/v1/loss_pb.js'
import { subjects } from '../../runtime/topology.ts'
import { LOSS_REASON_CHARS_MAX, LOSSES_KEPT } from './limits.ts'
import type { StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'

/** What was found to be lost: the chunks from `firstSeq` up to, not including, `endSeq`. */
export interface Lost {
  readonly kind: LossKind
  readonly firstSeq: number
  readonly endSeq: number
  readonly reason: string
}

/**
 * Notes a loss. It is not in a checkpoint before the stream goes on behind it: whoever takes over before finds it again.
 * What is lost before the stream could go on is one loss with what was lost before; each chunk counts once.
 */
export const noteLoss = (turn: Turn, { kind, firstSeq, endSeq, reason }: Lost): void => {
  const { missing, missingUntil, source } = turn.state
  const last = missing.at(-1)
  const from = last === undefined || last.epoch !== source?.epoch ? firstSeq : Math.max(firstSeq, missingUntil)
  const chunks = Math.max(0, endSeq - from)
  turn.set({ missingUntil: Math.max(endSeq, from) })
  if (last !== undefined && last.kind === kind && last.epoch === source?.epoch) {
    return turn.set({ missing: [...missing.slice(0, -1), { ...last, chunks: last.chunks + chunks }] })
  }
  turn.act({ _tag: 'Warn', reason: `epoch ${source?.epoch ?? 0}: ${reason}` })
  const atMs = BigInt(source?.receivedAt_ms ?? 0)
  turn.set({ missing: [...missing, create(LossSchema, { kind, epoch: source?.epoch ?? 0, firstSeq, chunks, atMs, reason: reason.slice(0, LOSS_REASON_CHARS_MAX) })] })
}

/**
 * The stream goes on behind what is missing (or ends): from the next record on the checkpoint says so. An owner that
 * finds a stream ended, but not everyone told, may find again what the one before has counted.
 */
export const settleLosses = (turn: Turn, resumedSeq: number, frames: number): void => {
  const { missing, losses, lostChunks, poisonChunks } = turn.state
  if (missing.length === 0) return
  const isNew = (loss: Loss): boolean => !losses.some((known) => known.epoch === loss.epoch && known.firstSeq === loss.firstSeq && known.kind === loss.kind)
  const settled = missing.filter(isNew).map((loss, i, all) => ({ ...loss, resumedSeq, frames: i === all.length - 1 ? frames : 0 }))
  const sum = (of: ReadonlyArray<Loss>): number => of.reduce((chunks, loss) => chunks + loss.chunks, 0)
  const poison = settled.filter(({ kind }) => kind === LossKind.POISON)
  turn.set({
    missing: [],
    missingUntil: 0,
    losses: [...losses, ...settled].slice(-LOSSES_KEPT),
    lossesCount: turn.state.lossesCount + settled.length,
    lostChunks: lostChunks + sum(settled) - sum(poison),
    poisonChunks: poisonChunks + sum(poison)
  })
}

/** Whether bytes of the epoch that is read are known to be missing, so that what cannot be read is their fault. */
export const hasLost = ({ missing, losses, source }: StreamState): boolean => [...missing, ...losses].some(({ epoch }) => epoch === source?.epoch)

/** Tells everyone who listens of losses that a record in the log speaks of, each once in an activation. */
export const tellLosses = (turn: Turn): void => {
  const { stored, lossesTold, lossesCount, config } = turn.state
  const untold = Math.min(lossesCount - lossesTold, stored?.losses.length ?? 0)
  if (untold <= 0 || stored === undefined || stored.losses.length < turn.state.losses.length || stored.losses.at(-1)?.firstSeq !== turn.state.losses.at(-1)?.firstSeq) return
  turn.set({ lossesTold: lossesCount })
  for (const loss of stored.losses.slice(-untold)) {
    const event = create(StreamEventSchema, { eventId: `${config.id}/loss/${loss.epoch}/${loss.firstSeq}/${loss.kind}`, streamId: config.id, atMs: loss.atMs, event: { case: 'loss', value: loss } })
    turn.act({ _tag: 'Publish', ticket: '', subject: subjects.event(config.id, 'loss'), data: toBinary(StreamEventSchema, event) })
  }
}
