import { expect, it } from 'vitest'
import { type Encoded, FragmentRing } from './FragmentRing.ts'
import { QUEUE_MS_MAX, RING_BYTES_MAX } from './limits.ts'
import { encodeHeader, HEADER_BYTES, readHeader } from './watchFrame.ts'

/** A fragment of a tenth of a second that begins at `tenth`. */
const fragment = (name: string, tenth: number, randomAccess = name === 'audio', bytes = 84): Encoded => ({
  name,
  kind: name === 'audio' ? 'audio' : 'video',
  randomAccess,
  start_s: tenth / 10,
  end_s: (tenth + 1) / 10,
  start_ms: tenth * 100,
  end_ms: tenth * 100 + 100,
  init: undefined,
  header: encodeHeader({ kind: 'fragment', randomAccess, discontinuity: false, rendition: 0, msn: 0, programDateTime_ms: tenth * 100 }),
  media: { data: new Uint8Array(bytes) }
})

/** Ten fragments a second of each name, with a keyframe every `every`; sound comes three tenths later. */
const filled = (names: ReadonlyArray<string>, tenths: number, every = 20): FragmentRing => {
  const ring = new FragmentRing()
  for (let tenth = 0; tenth < tenths; tenth++) {
    for (const name of names) if (name !== 'audio') ring.push(fragment(name, tenth, tenth % every === 0), tenth * 100)
    if (names.includes('audio') && tenth >= 3) ring.push(fragment('audio', tenth - 3), tenth * 100)
  }
  return ring
}

const firstOf = (ring: FragmentRing, name: string): number | undefined => {
  for (let number = 0; number < ring.next; number++) if (ring.at(number)?.name === name) return ring.at(number)?.start_ms
  return undefined
}

it('keeps what joiners need, from the newest random-access fragment on, and lets go of what nobody does', () => {
  const ring = filled(['source', 'audio'], 55)
  expect(ring.newestRandomAccess('source')?.start_ms).toBe(4_000)
  expect(firstOf(ring, 'source')).toBe(4_000)
  expect(firstOf(filled(['source', 'audio'], 45), 'source')).toBe(3_500)
  expect(ring.bytes).toBe((ring.next - [...Array(ring.next).keys()].filter((number) => ring.at(number) === undefined).length) * 100)
})

it('begins with the picture, and the sound that goes with it, also where that came before or comes later', () => {
  const ring = filled(['source', 'audio'], 45)
  const beginning = ring.beginning('source', 'audio')
  expect(beginning).toMatchObject({ audioFrom_s: 4, at_ms: 4_000 })
  expect(ring.at(beginning?.number ?? -1)).toMatchObject({ name: 'source', start_ms: 4_000 })
  const soundFirst = new FragmentRing()
  for (let tenth = 0; tenth < 8; tenth++) soundFirst.push(fragment('audio', tenth), 0)
  soundFirst.push(fragment('source', 3, true), 0)
  expect(soundFirst.at(soundFirst.beginning('source', 'audio')?.number ?? -1)).toMatchObject({ name: 'audio', start_ms: 300 })
})

it('has nowhere to begin before there is a random-access fragment', () => {
  const ring = new FragmentRing()
  ring.push(fragment('source', 0), 0)
  ring.push(fragment('audio', 0), 0)
  expect(ring.beginning('source', 'audio')).toBeUndefined()
  expect(ring.beginning('720p', 'audio')).toBeUndefined()
  expect(ring.beginning(undefined, 'audio')).toMatchObject({ at_ms: 0 })
})

it('keeps a rendition that lags behind another, and forgets one that is gone', () => {
  const ring = new FragmentRing()
  ring.push(fragment('720p', 0, true), 0)
  for (let tenth = 0; tenth < 60; tenth++) ring.push(fragment('source', tenth, tenth % 20 === 0), tenth * 100)
  expect(ring.newestRandomAccess('720p')?.start_ms).toBe(0)
  ring.renumber(['source'])
  ring.push(fragment('source', 60, true), 6_000)
  expect(firstOf(ring, '720p')).toBeUndefined()
  expect(ring.beginning('720p', undefined)).toBeUndefined()
})

it('tells of whom it has let something go', () => {
  const ring = filled(['source', 'audio'], 55)
  const first = ring.next - [...Array(ring.next).keys()].filter((number) => ring.at(number) !== undefined).length
  expect(ring.hasLost('source', first)).toBe(false)
  expect(ring.hasLost('source', 0)).toBe(true)
  expect(ring.hasLost('720p', 0)).toBe(false)
  expect(ring.hasLost(undefined, 0)).toBe(false)
})

it('says how old the oldest byte in a queue is, by what was published of what the viewer gets', () => {
  const ring = filled(['source', '720p', 'audio'], 15)
  expect(ring.ageOf(1, 'source', 'audio', 1_500)).toBe(100)
  expect(ring.ageOf(1_000, 'source', 'audio', 1_500)).toBe(500)
  expect(ring.ageOf(1_000, 'source', undefined, 1_500)).toBe(1_000)
  expect(ring.ageOf(1e9, 'source', 'audio', 1_500)).toBe(1_500)
})

it('knows a queue that is too old however often keyframes come, and however little is kept', () => {
  const ring = new FragmentRing()
  for (let tenth = 0; tenth <= 100; tenth++) ring.push(fragment('source', tenth, tenth % 5 === 0, 1_000), tenth * 100)
  const bytes = (tenths: number): number => tenths * (1_000 + HEADER_BYTES)
  expect(ring.ageOf(bytes(16), 'source', 'audio', 10_000)).toBe(1_500)
  expect(ring.ageOf(bytes(21), 'source', 'audio', 10_000)).toBe(QUEUE_MS_MAX)
  expect(ring.ageOf(bytes(90), 'source', 'audio', 10_000)).toBeGreaterThanOrEqual(QUEUE_MS_MAX)
  expect(ring.bytes).toBeLessThan(bytes(20))
})

it('never holds more than its bound, and tells how much it holds', () => {
  let held = 0
  const ring = new FragmentRing((bytes) => (held += bytes))
  for (let tenth = 0; tenth < 100; tenth++) ring.push(fragment('source', tenth, tenth === 0, 1024 * 1024), 0)
  expect(ring.bytes).toBeLessThanOrEqual(RING_BYTES_MAX)
  expect(held).toBe(ring.bytes)
  expect(ring.beginning('source', undefined)).toBeUndefined()
  ring.shed()
  expect(held).toBe(ring.bytes)
  ring.clear()
  expect(held).toBe(0)
})

it('gives what is kept the numbers of a new list', () => {
  const ring = filled(['source', '720p'], 5)
  ring.renumber(['720p', 'source'])
  for (let number = 0; number < ring.next; number++) {
    const kept = ring.at(number)
    expect(kept && readHeader(kept.header)?.rendition).toBe(kept?.name === 'source' ? 1 : 0)
  }
})
