import { expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { natsUrl } from '../deploy/local/testing/services.ts'
import { newId } from './ids.ts'
import { Log } from './Log.ts'
import { takeOverLog } from './takeOverLog.ts'
import { counter, counterCodec } from './testing/counter.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'

const garbage = new Uint8Array([0xff, 0xfe, 0xfd])
const stamp = { leaseRevision: 1, resumeSeq: 5, attempts: 0, fencingToken: 1, node: 'old', writtenAt_ms: 1 }

it.live('goes on from the newest record that can be read, where the newest of all is damaged', () =>
  Effect.gen(function* () {
    const id = newId()
    const log = yield* Log
    const at = log.subject('media', id)
    const appender = log.appender(at, 0)
    yield* appender.append(counterCodec.encode({ kind: 'Total', total: 6, count: 3 }, stamp))
    yield* appender.append(garbage)
    const damaged = yield* appender.append(garbage)
    const { owned } = yield* takeOverLog(counter, id, 2)
    expect(owned).toMatchObject({ head: { total: 6, count: 3 }, resumeSeq: 5 })
    expect(owned.token).toBeGreaterThan(damaged)
    expect((yield* log.head(at))?.seq).toBe(owned.token)
  }).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl()))))
)

it.live('leaves an actor alone that is over and whose log is gone', () =>
  Effect.gen(function* () {
    const id = newId()
    const log = yield* Log
    expect(yield* Effect.flip(takeOverLog(counter, id, 2))).toMatchObject({ _tag: 'NotWanted' })
    expect(yield* log.head(log.subject('media', id))).toBeUndefined()
  }).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl()))))
)
