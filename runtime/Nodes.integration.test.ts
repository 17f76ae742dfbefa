import { expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { natsUrl } from '../deploy/local/testing/services.ts'
import { Nodes } from './Nodes.ts'
import { testNodeLayer, testSettings } from './testing/runtimeLayer.ts'

const until = (look: () => boolean) => Effect.suspend(() => (look() ? Effect.void : Effect.fail('not yet'))).pipe(Effect.tapError(() => Effect.sleep(20)), Effect.eventually, Effect.timeout(5_000))

it.live('a heartbeat carries what is brought up to date just before it, and goes on where that is a defect', () =>
  Effect.gen(function* () {
    const nodes = yield* Nodes
    let looks = 0
    const forget = nodes.beforeBeat(() => {
      looks += 1
      nodes.report.viewers = { garden: looks }
      throw new Error('a defect')
    })
    const told = () => nodes.live()[0]?.viewers['garden'] ?? 0
    yield* until(() => told() > 3)
    forget()
    const before = looks
    const beat = nodes.live()[0]?.beat ?? 0n
    yield* until(() => (nodes.live()[0]?.beat ?? 0n) > beat + 2n)
    expect(looks).toBe(before)
  }).pipe(Effect.provide(testNodeLayer(testSettings(natsUrl()))))
)

it.live('a node with a long lease is heard from often all the same', () =>
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const beat = nodes.live()[0]?.beat ?? 0n
    yield* until(() => (nodes.live()[0]?.beat ?? 0n) > beat + 2n)
  }).pipe(Effect.provide(testNodeLayer(testSettings(natsUrl(), { node: 'patient', lease_ms: 60_000 }))))
)
