import { fromBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { CommandSchema } from '../proto/gen/millrace/v1/command_pb.js'
import { Ask } from './Ask.ts'
import { park } from './deadLetters.ts'
import type { LogFull, LogUnavailable } from './errors.ts'
import { CLAIM_STAGGER_MS, COMMAND_ACK_WAIT_MS, TELL_ANSWER_MS, TELL_DELIVERIES_MAX, TELL_RETRY_MS } from './limits.ts'
import type { Log } from './Log.ts'
import type { WorkItem } from './WorkQueue.ts'

/** What came of looking at an actor that may need an owner. */
export type Considered = 'Claimed' | 'Live' | 'NotWanted' | 'NoRoom'

/**
 * Handles one command. A hint is done once the actor has an owner or needs none. A body is put to the owner as a
 * question until it answers, so that it may be told the same thing twice; what nobody answers becomes a dead letter.
 */
export const handleCommand = (consider: (id: string) => Effect.Effect<Considered, LogUnavailable>, item: WorkItem): Effect.Effect<void, never, Ask | Log> =>
  Effect.gen(function* () {
    const command = yield* Effect.try({ try: () => fromBinary(CommandSchema, item.entry.data), catch: () => 'Unreadable' as const })
    const outcome = yield* consider(command.id)
    if (outcome === 'NoRoom') return yield* item.retryIn(CLAIM_STAGGER_MS)
    if (command.body.length === 0) return yield* item.ack
    if (outcome === 'NotWanted') return yield* giveUpOn(item, 'the actor is not wanted')
    const ask = yield* Ask
    yield* ask.ask(command.kind, command.id, command.body, TELL_ANSWER_MS)
    yield* item.ack
  }).pipe(
    Effect.catch((error) => {
      if (error === 'Unreadable') return giveUpOn(item, 'not a command')
      if (error._tag === 'LogUnavailable') return item.retryIn(COMMAND_ACK_WAIT_MS)
      return item.deliveries >= TELL_DELIVERIES_MAX ? giveUpOn(item, `told ${item.deliveries} times: ${error._tag}`) : item.retryIn(TELL_RETRY_MS)
    }),
    Effect.catch(() => item.retryIn(COMMAND_ACK_WAIT_MS))
  )

const giveUpOn = (item: WorkItem, reason: string): Effect.Effect<void, LogFull | LogUnavailable, Log> => {
  const [, kind = 'unknown', id = 'unknown'] = item.entry.subject.split('.')
  return Effect.andThen(park(kind, id, reason, item.entry), item.ack)
}
