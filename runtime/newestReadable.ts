import { Effect, Result } from 'effect'
import type { LogUnavailable } from './errors.ts'
import { DAMAGED_HEAD_LOOKBACKS } from './limits.ts'
import type { Log, LogEntry } from './Log.ts'
import type { LogSubject } from './topology.ts'

/** A record of a log, and where it stands. */
export interface Readable<Record> {
  readonly seq: number
  readonly record: Record
}

/**
 * The newest record of a log that can be read: its head, unless that is damaged, then the newest before it. `decode`
 * throws where it cannot read. A failure is why the head cannot be read, in a log of which nothing can be.
 */
export const newestReadable = Effect.fnUntraced(function* <Record>(
  log: Pick<Log['Service'], 'read'>,
  at: LogSubject,
  head: LogEntry,
  decode: (data: Uint8Array, seq: number) => Record
): Effect.fn.Return<Result.Result<Readable<Record>, unknown>, LogUnavailable> {
  const read = ({ data, seq }: LogEntry): Result.Result<Readable<Record>, unknown> => Result.try(() => ({ seq, record: decode(data, seq) }))
  const whole = read(head)
  if (Result.isSuccess(whole)) return whole
  yield* Effect.logError('the newest record of a log cannot be read', { subject: at.subject, seq: head.seq })
  for (const lookback of DAMAGED_HEAD_LOOKBACKS) {
    const entries = yield* log.read(at, Math.max(1, head.seq - lookback), head.seq)
    const found = entries.map(read).findLast(Result.isSuccess)
    if (found !== undefined) return found
  }
  return whole
})
