import { Effect } from 'effect'
import type { LogUnavailable } from './errors.ts'
import { hasFilteredPurge } from './filteredPurge.ts'
import { LOG_PINNED_SHARE, RELIEVED_MAX, RELIEVE_PAUSE_MS } from './limits.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'

/**
 * Gives space back where trimming cannot: one id that needs an old record keeps everything behind it, of all others
 * too. Of a log more than half full, purges what the ids with the most records no longer need, one subject a second.
 * `floorOf` tells the first sequence that an id still needs; undefined: all of them.
 */
export const relieve = Effect.fnUntraced(function* (name: string, floorOf: (id: string) => number | undefined): Effect.fn.Return<void, LogUnavailable, Log | Nats> {
  const log = yield* Log
  const nats = yield* Nats
  const { bytes, bytesMax } = yield* log.usage(name)
  if (bytes <= LOG_PINNED_SHARE * bytesMax || !hasFilteredPurge(nats.serverVersion)) return
  const { firstSeq, messages } = yield* log.subjects(name)
  const biggest = Object.entries(messages).sort(([, a], [, b]) => b - a).slice(0, RELIEVED_MAX)
  for (const [subject] of biggest) {
    const before = floorOf(subject.split('.').at(-1) ?? '')
    if (before === undefined || before <= firstSeq) continue
    const purged = yield* log.purge(name, before, subject)
    if (purged === 0) continue
    yield* Effect.logInfo('trimmed behind a stream that pins the log', { log: name, subject, before, messages: purged })
    yield* Effect.sleep(RELIEVE_PAUSE_MS)
  }
})
