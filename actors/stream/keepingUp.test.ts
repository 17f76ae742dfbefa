import { describe, expect, it } from 'vitest'
import { recording } from '../testing/recordings.ts'
import { keepingUp } from './keepingUp.ts'
import { drive, hearChild } from './testing/drive.ts'
import { calm, NAME, quiet, settle } from './testing/moments.ts'
import { inboxOf, StreamWorld } from './testing/StreamWorld.ts'

describe('how a stream keeps up', () => {
  const at = (world: StreamWorld, wall_ms: number) => keepingUp(world.state, { now_ms: world.now_ms, wall_ms })

  it('is not known to be late before the first record, and nothing waits once all that FFmpeg can give is stored', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    expect(at(world, 5_000)).toEqual({ lagMs: 0 })
    const done = quiet()
    expect(at(done, 1_000_000)).toMatchObject({ lagMs: 0 })
    expect(at(done, 1_000_000).latencyMs).toBeGreaterThan(0)
  })

  it('shows for how long the oldest chunk has waited for FFmpeg, then for the log', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    for (let i = 0; i < 12; i += 1) world.deliver()
    // Time of the log counts its entries here.
    expect(at(world, 1_012).lagMs).toBeGreaterThan(990)
    while (world.events.length > 0) hearChild(world)
    expect(world.appending).toBeDefined()
    expect(at(world, 1_012).lagMs).toBeGreaterThan(990)
    settle(world)
    expect(at(world, 1_012).lagMs).toBe(0)
  })

  it('counts chunks that are not read because FFmpeg takes no more', () => {
    const world = quiet()
    world.inbox.chunk(new Uint8Array([1]))
    world.state = { ...world.state, run: world.state.run === undefined ? undefined : { ...world.state.run, queuedBytes: 1e9 } }
    world.deliver()
    expect(at(world, world.delivered + 700).lagMs).toBe(700)
  })

  it('counts nothing that an earlier owner has published', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm, () => world.media.length > 8 && world.appending === undefined && world.events.length === 0)
    const { delivered } = world
    world.takeOver()
    while (world.delivered < delivered) world.deliver()
    expect(at(world, 1_000_000).lagMs).toBe(0)
  })
})
