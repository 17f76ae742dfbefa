import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { START_WITHIN_MS } from './limits.ts'
import { isOver } from './publishingState.ts'
import { PublishingWorld } from './testing/PublishingWorld.ts'

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('capture' as const), n: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('move' as const), n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'zombie' as const, 'record' as const, 'wait' as const, 'network' as const), n: fc.nat(8_000) }) },
)
type Step = (typeof step extends fc.Arbitrary<infer S> ? S : never)

const live = (steps: ReadonlyArray<Step>): PublishingWorld => {
  const world = new PublishingWorld()
  for (const { do: what, n } of steps) {
    if (what === 'capture') world.capture(n)
    if (what === 'move') world.step(n)
    if (what === 'drop' || what === 'zombie') world.drop(what === 'zombie')
    if (what === 'record') world.record()
    if (what === 'wait') world.wait(n)
    if (what === 'network') world.tell({ kind: 'networkChanged' })
  }
  return world
}

/** What the edge's log holds: of each epoch the first chunks of one recorder, each once and in order; recorders in order. */
const expectOrder = (world: PublishingWorld): ReadonlyMap<number, number> => {
  const held = new Map<number, number>()
  const recorders = new Map<number, number>()
  for (const { epoch, seq, bytes } of world.stored()) {
    const key = recorders.get(epoch) ?? bytes[4] ?? 0
    if (!recorders.has(epoch)) {
      expect(key).toBeGreaterThan(Math.max(0, ...recorders.values()))
      recorders.set(epoch, key)
    }
    expect(Buffer.compare(bytes, world.recorded.get(key)?.[seq] ?? Buffer.from('never recorded'))).toBe(0)
    held.set(key, seq + 1)
  }
  return held
}

/** A stream that the edge did not answer for long says so, and nothing of it is stored. */
const expectNeverBegun = (world: PublishingWorld): void => {
  expect([world.state.phase, world.stored().length]).toEqual(['failed', 0])
  if (!world.hasStray) expect(world.edge.mono_ms).toBeGreaterThanOrEqual(START_WITHIN_MS)
}

test('whatever drops, everything recorded is stored once and in order, and the stream ends when it is stopped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
      const world = live(steps)
      world.stop()
      world.settle(() => isOver(world.state) || world.state.link === 'stopping' && world.connections.at(-1)?.toEdge.length === 0)
      world.edge.setStatus('cam', StreamStatus.ENDED)
      for (const { session } of world.connections) session.take({ _tag: 'StreamChanged', status: StreamStatus.ENDED, reason: '' })
      world.settle(() => isOver(world.state))
      if (!world.state.hasStarted) return expectNeverBegun(world)
      const held = expectOrder(world)
      const stored = [...held.values()].reduce((sum, chunks) => sum + chunks, 0)
      const recorded = [...world.recorded.values()].reduce((sum, chunks) => sum + chunks.length, 0)
      expect(stored + world.state.lostChunks).toBeGreaterThanOrEqual(recorded)
      if (world.hasStray) return
      expect([world.state.phase, world.state.ending?.how, world.state.lostChunks]).toEqual(['ended', 'stopped', 0])
      expect(stored).toBe(recorded)
    }),
    { numRuns: 100 },
  )
}, 120_000)

test('what the page says is stored is stored', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
      const world = live(steps)
      expectOrder(world)
      expect(world.stored().length).toBeGreaterThanOrEqual(world.state.stored.chunks)
    }),
    { numRuns: 100 },
  )
}, 120_000)
