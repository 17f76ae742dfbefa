import { expect, it } from 'vitest'
import { heardStream } from './heardStream.ts'
import { SILENT_PUBLISHER_MS } from './limits.ts'
import { IngestWorld } from './testing/ingestWorld.ts'
import { begin, send, webm } from './testing/simulatedPublisher.ts'

it('a publisher is heard from its start, while something comes, a ping too, and until its connection breaks', () => {
  const world = new IngestWorld(1_000)
  const stranger = world.connect()
  expect(heardStream(stranger.state, world.mono_ms)).toBeUndefined()
  const { session } = begin(world)
  const heard = (): string | undefined => heardStream(session.state, world.mono_ms)
  expect(heard()).toBe('cam')
  world.mono_ms += SILENT_PUBLISHER_MS
  expect(heard()).toBeUndefined()
  session.say({ type: 'ping' })
  expect(heard()).toBe('cam')
  world.mono_ms += SILENT_PUBLISHER_MS
  send(session, webm())
  expect(heard()).toBe('cam')
  // What it sent before is still on its way into the log.
  session.take({ _tag: 'Gone' })
  expect(heard()).toBeUndefined()
})

it('a publisher that has said stop is no stranger while its stream is finished', () => {
  const world = new IngestWorld(1_000)
  const { session } = begin(world)
  session.say({ type: 'stop' })
  world.mono_ms += 2 * SILENT_PUBLISHER_MS
  expect(heardStream(session.state, world.mono_ms)).toBe('cam')
})
