import { create, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect } from 'effect'
import { CommandSchema } from '../proto/gen/millrace/v1/command_pb.js'
import type { LogFull, LogUnavailable } from './errors.ts'
import { newId } from './ids.ts'
import { Log } from './Log.ts'
import { subjects } from './topology.ts'

/**
 * Tells an actor something, durably: a command that some node takes up, activating the actor where need be. An empty
 * body says no more than "be active".
 */
export const tell = Effect.fnUntraced(function* (kind: string, id: string, body: Uint8Array = new Uint8Array()): Effect.fn.Return<void, LogFull | LogUnavailable, Log> {
  const log = yield* Log
  const at_ms = yield* Clock.currentTimeMillis
  const command = create(CommandSchema, { commandId: newId(), kind, id, atMs: BigInt(at_ms), body })
  yield* log.publish(subjects.command(kind, id), toBinary(CommandSchema, command))
})
