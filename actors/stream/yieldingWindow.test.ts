import { describe, expect, it } from 'vitest'
import { BIG_RECORDS_SHARE_MAX } from '../../runtime/limits.ts'
import { samplesIn } from '../packager/testing/logRules.ts'
import { recording } from '../testing/recordings.ts'
import { SHOWN_MS_MIN, WINDOW_GIVEN_UP_SHARE, WINDOW_SHORT_MS, WINDOW_SHORT_SHARE, WINDOW_SHRINKS_SHARE } from './limits.ts'
import { drive, fragmentsIn } from './testing/drive.ts'
import { Inbox, inboxOf, StreamWorld } from './testing/StreamWorld.ts'
import { windowLength } from './windowReach.ts'

const NAME = 'vp9.webm'
const calm = { seed: 1, crashes: 0, drains: 0, refusals: 0, ticks: 0 }
const space = (outbox: number, inbox = 0) => ({ _tag: 'Space', space: { inbox, outbox, room_bytes: 1_000_000 } }) as const

/** A stream of 24 s that goes on, everything read and stored, its publisher connected. */
const idle = (liveWindow_ms: number): StreamWorld => {
  const { mimeType, chunks } = recording(NAME)
  const inbox = new Inbox()
  for (let epoch = 0; epoch < 3; epoch += 1) {
    inbox.open(mimeType)
    for (const { bytes } of chunks) inbox.chunk(bytes)
  }
  const world = new StreamWorld(inbox, { segment_ms: 1_000, liveWindow_ms })
  const isIdle = (): boolean => world.delivered === inbox.entries.length && world.appending === undefined && world.events.length === 0 && world.publishing.length === 0
  drive(world, calm, isIdle)
  world.now_ms += SHOWN_MS_MIN
  return world
}
const windowStart = (world: StreamWorld): number => world.media.at(-1)?.record.checkpoint?.windowStartMsn ?? -1
const kinds = (world: StreamWorld): ReadonlyArray<string | undefined> => world.media.map(({ record }) => record.body.case)

describe('a live window', () => {
  it('shrinks as the log fills, to no less than playlists need, and is given up where nothing else helps', () => {
    expect([0, WINDOW_SHRINKS_SHARE, WINDOW_SHORT_SHARE, WINDOW_GIVEN_UP_SHARE].map((share) => windowLength(60_000, share))).toEqual([60_000, 60_000, WINDOW_SHORT_MS, 0])
    expect(windowLength(60_000, (WINDOW_SHRINKS_SHARE + WINDOW_SHORT_SHARE) / 2)).toBeCloseTo(39_000)
    expect(windowLength(8_000, WINDOW_SHORT_SHARE)).toBe(8_000)
  })

  it('is given up with a tick where there are no frames to do it, once', () => {
    const world = idle(600_000)
    expect(windowStart(world)).toBe(0)
    world.send(space(0.92))
    world.append()
    expect(kinds(world).at(-1)).toBe('tick')
    expect(windowStart(world)).toBeGreaterThan(1)
    world.send(space(0.92))
    expect(world.appending).toBeUndefined()
  })

  it('keeps what was published a moment ago, however full the log is', () => {
    const world = idle(600_000)
    world.now_ms -= SHOWN_MS_MIN
    world.send(space(0.92))
    expect(world.appending).toBeUndefined()
    expect(world.now_ms).toBeLessThan(SHOWN_MS_MIN)
  })
})

describe('a log that is nearly full', () => {
  it('gets no frames, which wait, and all of them when there is room again', () => {
    const source = recording(NAME)
    const world = new StreamWorld(inboxOf(source))
    drive(world, calm, () => world.media.filter(({ record }) => record.body.case === 'fragments').length > 3 && world.appending === undefined)
    world.send(space(BIG_RECORDS_SHARE_MAX))
    const before = kinds(world).filter((kind) => kind === 'fragments').length
    expect(() => drive(world, calm)).toThrow('nothing can happen any more')
    expect(kinds(world).filter((kind) => kind === 'fragments').length).toBe(before)
    expect(kinds(world)).not.toContain('end')
    world.send(space(0.5))
    drive(world, calm)
    expect(world.done?._tag).toBe('Finish')
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(source.frames)
  })

  it('that is half empty again gets all frames: the room it had when it was last looked at is not counted down', () => {
    const source = recording(NAME)
    const world = new StreamWorld(inboxOf(source))
    drive(world, calm, () => world.media.some(({ record }) => record.body.case === 'fragments') && world.appending === undefined)
    world.send({ _tag: 'Space', space: { inbox: 0.51, outbox: 0.4, room_bytes: 2_000 } })
    world.send({ _tag: 'Space', space: { inbox: 0.4, outbox: 0.4, room_bytes: 2_000 } })
    drive(world, calm)
    expect(world.done?._tag).toBe('Finish')
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(source.frames)
  })

  it('does not keep a node from handing over', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm, () => world.media.length > 6 && world.appending === undefined)
    world.send(space(BIG_RECORDS_SHARE_MAX))
    world.send({ _tag: 'Drain' })
    expect(world.done?._tag).toBe('Release')
    drive(world, calm)
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
  })
})

it('a publisher whose frames have no room is not away, and has the whole window to come back once they have', () => {
  const world = idle(60_000)
  world.send(space(0.6, BIG_RECORDS_SHARE_MAX))
  const ends = (): boolean => world.send({ _tag: 'Elapsed', timer: 'window' }).some(({ _tag }) => _tag === 'EndIngest')
  expect(ends()).toBe(false)
  expect(world.send(space(0.6, 0.5))).toContainEqual({ _tag: 'SetTimer', timer: 'window', after_ms: world.config.settings.reconnectWindow_ms })
  expect(ends()).toBe(true)
})
