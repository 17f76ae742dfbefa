import { create, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect } from 'effect'
import { DeadLetterSchema } from '../proto/gen/millrace/v1/dead_letter_pb.js'
import { countDeadLetter } from './counters.ts'
import type { LogFull, LogUnavailable } from './errors.ts'
import { newId } from './ids.ts'
import { Log, type LogEntry } from './Log.ts'
import { subjects } from './topology.ts'

/** Parks a message that was given up on, with the reason and all that is needed to try it again; `context` is what has to come before it. */
export const park = Effect.fnUntraced(function* (
  kind: string,
  id: string,
  reason: string,
  entry: Pick<LogEntry, 'seq' | 'subject' | 'data'>,
  context = new Uint8Array()
): Effect.fn.Return<void, LogFull | LogUnavailable, Log> {
  const log = yield* Log
  const at_ms = yield* Clock.currentTimeMillis
  const letter = create(DeadLetterSchema, { letterId: newId(), kind, id, atMs: BigInt(at_ms), reason, subject: entry.subject, seq: BigInt(entry.seq), body: entry.data, context })
  yield* log.publish(subjects.dead(kind, id), toBinary(DeadLetterSchema, letter))
  yield* countDeadLetter(kind)
  yield* Effect.logError('dead letter', { kind, id, reason, subject: entry.subject, seq: entry.seq })
})
