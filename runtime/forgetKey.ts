import { Effect } from 'effect'
import type { LogUnavailable } from './errors.ts'
import { hasFilteredPurge } from './filteredPurge.ts'
import { apiCode, ask, Nats } from './Nats.ts'
import type { BUCKETS } from './topology.ts'

const MESSAGE_NOT_FOUND = 10037

/**
 * Takes away the mark that removing a key from a bucket leaves for those who watch, so that nothing of it is read over
 * for ever. A key that was written again meanwhile stays. So does the mark on a server that cannot purge one subject well.
 */
export const forgetKey = Effect.fnUntraced(function* (bucket: (typeof BUCKETS)[number], key: string): Effect.fn.Return<void, LogUnavailable, Nats> {
  const { manager, serverVersion } = yield* Nats
  if (!hasFilteredPurge(serverVersion)) return
  const log = `KV_${bucket}`
  const filter = `$KV.${bucket}.${key}`
  yield* ask(`forget ${bucket}/${key}`, async () => {
    try {
      const mark = await manager.streams.getMessage(log, { last_by_subj: filter })
      if (mark.header.has('KV-Operation')) await manager.streams.purge(log, { filter, seq: mark.seq + 1 })
    } catch (cause) {
      if (apiCode(cause) !== MESSAGE_NOT_FOUND) throw cause
    }
  })
})
