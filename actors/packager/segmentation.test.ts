import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audioLimit, beginAfresh, emptySegmentation, forgetBefore, msnAt, onAudioFrame, onSourceEnd, onVideoFrame, openedBy, type Segmentation, startOf } from './segmentation.ts'
import { samplesIn, segmentsIn } from './testing/logRules.ts'
import { madeUpSource, steady } from './testing/madeUpSource.ts'
import { finish, giveInits, openRig, play, take } from './testing/packagerRig.ts'

const MS = 90
const starts_ms = (state: Segmentation) => state.starts.map(({ start }) => start / MS)

type Seen = readonly ['v' | 'k' | 'a', number]
const see = (frames: ReadonlyArray<Seen>, alone = false, state = emptySegmentation(2_000)): Segmentation =>
  frames.reduce((now, [kind, at_ms]) => (kind === 'a' ? onAudioFrame(now, at_ms * MS, alone) : onVideoFrame(now, at_ms * MS, kind === 'k')), state)

const video = (from_ms: number, to_ms: number, keyframes_ms: ReadonlyArray<number> = []): ReadonlyArray<Seen> =>
  Array.from({ length: (to_ms - from_ms) / 40 }, (_, i): Seen => [keyframes_ms.includes(from_ms + i * 40) ? 'k' : 'v', from_ms + i * 40])
const audio = (from_ms: number, to_ms: number): ReadonlyArray<Seen> => Array.from({ length: (to_ms - from_ms) / 20 }, (_, i): Seen => ['a', from_ms + i * 20])
const together = (...tracks: ReadonlyArray<ReadonlyArray<Seen>>): ReadonlyArray<Seen> => tracks.flat().sort(([, a], [, b]) => a - b)

describe('a segment', () => {
  it('ends at the first keyframe two seconds or more behind its start', () => {
    expect(starts_ms(see(video(0, 7_000, [0, 1_000, 1_960, 2_000, 3_960, 4_040, 6_600])))).toEqual([0, 2_000, 4_040, 6_600])
  })

  it('ends without a keyframe before it is longer than six seconds', () => {
    expect(starts_ms(see(video(0, 13_000, [0])))).toEqual([0, 6_000, 12_000])
  })

  it('ends before the frame whose stall would make it too long, and at the keyframe behind the stall', () => {
    expect(starts_ms(see([...video(0, 3_000, [0]), ...video(8_000, 8_200)]))).toEqual([0, 2_960])
    expect(starts_ms(see([...video(0, 3_000, [0]), ...video(8_000, 8_200, [8_000])]))).toEqual([0, 2_960, 8_000])
  })

  it('holds nothing but the one frame that is too long by itself', () => {
    expect(starts_ms(see([...video(0, 3_000, [0]), ...video(11_000, 11_200)]))).toEqual([0, 2_960, 11_000])
  })

  it('of sound does not last as long as a picture that stands while nothing is heard', () => {
    const before = together(video(0, 3_000, [0]), audio(0, 3_000))
    expect(starts_ms(see([...before, ...video(12_000, 12_100)]))).toEqual([0, 2_960, 8_860])
    expect(starts_ms(see([...before, ...audio(9_000, 9_100), ...video(9_700, 9_800)]))).toEqual([0, 5_900, 9_700])
    expect(starts_ms(see([...video(0, 3_000, [0]), ...video(12_000, 12_100)]))).toEqual([0, 2_960, 12_000])
  })

  it('of audio alone ends every two seconds, also where audio was silent for long', () => {
    expect(starts_ms(see([...audio(0, 3_000), ...audio(14_000, 15_000)], true))).toEqual([0, 2_000, 4_000, 6_000, 8_000, 14_000])
  })

  it('is as long as the operator wants it', () => {
    expect(starts_ms(see(video(0, 9_000, [0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000]), false, emptySegmentation(4_000)))).toEqual([0, 4_000, 8_000])
  })
})

describe('audio', () => {
  it('waits for video, but not for longer than a second', () => {
    expect(audioLimit(see(together(video(0, 2_000, [0]), audio(0, 2_500))), false) / MS).toBe(1_960)
    expect(audioLimit(see(together(video(0, 2_000, [0]), audio(0, 5_000))), false) / MS).toBe(3_980)
    expect(audioLimit(see(audio(0, 500)), false) / MS).toBe(-520)
    expect(audioLimit(see(audio(0, 500), true), true)).toBe(Number.POSITIVE_INFINITY)
  })

  it('begins segments where it has waited, while the camera stalls, and video goes on within six seconds of its own', () => {
    const stalled = together(video(0, 4_000, [0, 2_000]), audio(0, 12_000))
    expect(starts_ms(see(stalled))).toEqual([0, 2_000, 7_900])
    expect(starts_ms(see([...stalled, ...video(12_000, 17_000)]))).toEqual([0, 2_000, 7_900, 12_000])
    expect(starts_ms(see([...stalled.filter(([, at]) => at < 9_480), ...video(9_480, 16_000)]))).toEqual([0, 2_000, 7_900, 9_960])
  })

  it('ends what it holds back when nothing more comes', () => {
    const ended = onSourceEnd(see(together(video(0, 5_000, [0]), audio(0, 6_800))))
    expect(starts_ms(ended)).toEqual([0, 5_900])
    expect(starts_ms(onSourceEnd(see(together(video(0, 5_000, [0]), audio(0, 5_960)))))).toEqual([0])
  })

  it('is published a second late at most, and never ahead of what video decides', () => {
    const rig = openRig(madeUpSource(steady({ stalls: 2, seconds: 12, seed: 3 })), { seed: 2, batch: 5, rung: false, rungLag: 0 })
    giveInits(rig)
    while (rig.seen < rig.source.frames.length) {
      play(rig, rig.log.length + 1)
      take(rig, false)
      const end = (name: string) => { const last = samplesIn(rig.log, name).at(-1); return last === undefined ? 0 : last.dts * (name === 'audio' ? 90 / 48 : 1) }
      const seen = rig.source.frames.slice(0, rig.seen)
      const newest = (kind: string) => Math.max(0, ...seen.filter((frame) => frame.kind === kind).map(({ at }) => at))
      if (rig.seen < rig.source.frames.length) expect(end('audio')).toBeLessThanOrEqual(Math.max(newest('video'), newest('audio') - 1_000 * MS))
    }
  })
})

describe('renditions', () => {
  it('begin their segments together: pictures at the same frame, sound at the first frame behind it', () => {
    fc.assert(fc.property(fc.constantFrom(5, 20, 30, 60), fc.integer({ min: 1, max: 160 }), fc.integer({ min: 0, max: 30 }), fc.nat(), (fps, gopFrames, rungLag, seed) => {
      const rig = openRig(madeUpSource(steady({ fps, gopFrames, seconds: 10 })), { seed, batch: 6, rung: true, rungLag })
      giveInits(rig)
      play(rig)
      finish(rig)
      const starts = (name: string) => segmentsIn(rig.log, name).map(({ msn, start }) => [msn, start])
      expect(starts('240p')).toEqual(starts('source'))
      for (const [i, { start }] of segmentsIn(rig.log, 'audio').entries()) {
        const late = (start * 90) / 48 - (segmentsIn(rig.log, 'source')[i]?.start ?? Number.NaN)
        expect(late).toBeGreaterThanOrEqual(-45)
        expect(late).toBeLessThan(1_920)
      }
    }), { numRuns: 40 })
  })

  it('begin a segment with a keyframe wherever the source has one in time', () => {
    const rig = openRig(madeUpSource(steady({ gopFrames: 45, seconds: 12 })), { seed: 1, batch: 6, rung: true, rungLag: 4 })
    giveInits(rig)
    play(rig)
    expect(segmentsIn(rig.log, 'source').map(({ independent, frames }) => [independent, frames])).toEqual([[true, 90], [true, 90], [true, 90], [true, 90]])
  })
})

describe('what is known of segments', () => {
  const known = see(video(0, 9_000, [0, 2_000, 4_000, 6_000, 8_000]))

  it('says in which one a frame lies, to half a millisecond', () => {
    expect([-1, 0, 1_999, 1_999.6, 2_000, 8_500].map((at) => msnAt(known, at * MS))).toEqual([0, 0, 0, 1, 1, 4])
  })

  it('remembers the record that opened each, and forgets those behind the window', () => {
    const opened = openedBy(openedBy(known, 1, 7), 2, 9)
    expect(opened.starts.map(({ firstSeq }) => firstSeq)).toEqual([7, 7, 9, 0, 0])
    const later = forgetBefore(opened, 2)
    expect([later.firstMsn, startOf(later, 2), startOf(later, 1), startOf(later, 5)]).toEqual([2, 4_000 * MS, Number.NEGATIVE_INFINITY, undefined])
    expect(forgetBefore(later, 1)).toBe(later)
  })

  it('goes on with the next frame after a discontinuity, wherever that lies', () => {
    const afresh = beginAfresh(known, 3)
    expect(audioLimit(afresh, false)).toBe(Number.NEGATIVE_INFINITY)
    expect(starts_ms(see([['a', 9_300], ['v', 9_320], ['v', 9_360]], false, afresh))).toEqual([0, 2_000, 4_000, 9_320])
  })
})
