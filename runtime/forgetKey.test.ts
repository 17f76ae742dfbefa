import { expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import type { JetStreamManager, NatsConnection } from 'nats'
import { hasFilteredPurge } from './filteredPurge.ts'
import { forgetKey } from './forgetKey.ts'
import { Nats } from './Nats.ts'

it.effect('on a server where purging one subject stalls all publishers, the mark of a key that was removed stays', () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const manager = new Proxy({}, { get: (_target, name) => asked.push(String(name)) }) as JetStreamManager
    const server = Nats.of({
      connection: {} as NatsConnection,
      manager,
      connected: () => true,
      whenConnected: Effect.void,
      onReconnect: () => () => undefined,
      payloadMax: 1,
      serverVersion: '2.9.25'
    })
    yield* forgetKey('streams', 'a').pipe(Effect.provideService(Nats, server))
    expect(asked).toEqual([])
    expect(['2.9.25', '2.10.0', '2.15.2', '3.0.0'].map(hasFilteredPurge)).toEqual([false, true, true, true])
  }))
