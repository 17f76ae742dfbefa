import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Begun, NOTHING_WAITS, withBegun, withPublished } from './waiting.ts'

const HELD = 2

it('frames that wait for the log have waited as long as the oldest that is due and not in it, however chunks and frames come', () => {
  const steps = fc.array(fc.oneof(fc.record({ frames: fc.integer({ min: 1, max: 4 }) }), fc.record({ published: fc.double({ min: 0, max: 1, noNaN: true }) })), { maxLength: 60 })
  fc.assert(fc.property(steps, fc.integer({ min: 3, max: 8 }), (all, max) => {
    let waiting = NOTHING_WAITS
    const begun: Array<Begun> = []
    let published = -1
    for (const [stored_ms, step] of all.entries()) {
      if ('frames' in step) {
        for (let i = 0; i < step.frames; i += 1) {
          const frame = { stored_ms, at: begun.length * 3_000 }
          begun.push(frame)
          waiting = withBegun(waiting, frame, { frames: HELD, fragments: false }, max)
        }
      } else {
        published = Math.max(published, Math.floor((begun.length - HELD) * step.published) * 3_000 - 1)
        waiting = withPublished(waiting, published).waiting
      }
      const due = begun.slice(0, Math.max(0, begun.length - HELD)).filter(({ at }) => at > published)
      expect(waiting.due.length).toBeLessThanOrEqual(max)
      expect(waiting.due.length > 0).toBe(due.length > 0)
      // Chunks that count as one are taken for as old as the oldest of them.
      expect(waiting.due[0]?.stored_ms ?? 0).toBeLessThanOrEqual(due[0]?.stored_ms ?? 0)
      if (begun.length < max) expect(waiting.due[0]?.stored_ms).toBe(due[0]?.stored_ms)
    }
  }))
})

it('a fragment that lists its frames before they are whole waits for them, and those before it do not', () => {
  const keeps = { frames: HELD, fragments: true }
  const frames = (stored_ms: number) => [0, 1, 2, 3].map((i) => ({ stored_ms, at: (stored_ms * 4 + i) * 3_000 }))
  const first = frames(1).reduce((waiting, frame) => withBegun(waiting, frame, keeps), NOTHING_WAITS)
  expect(first.due).toEqual([])
  const second = frames(2).reduce((waiting, frame) => withBegun(waiting, frame, keeps), first)
  expect(second.due).toEqual([frames(1)[1]])
  const published = withPublished(first, frames(1)[2]?.at ?? 0)
  expect(published.oldest).toEqual(frames(1)[0])
  expect(frames(2).reduce((waiting, frame) => withBegun(waiting, frame, keeps), published.waiting).due).toEqual([])
})
