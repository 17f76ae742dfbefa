import { describe, expect, it } from 'vitest'
import type { Sample } from '../fmp4/sample.ts'
import { RECORD_BYTES } from './limits.ts'
import { isReady, pendingBytes, receiveSamples, takeFragments } from './packager.ts'
import { brokenAnnouncements, brokenLengths, brokenNumbers, partsIn, samplesIn, segmentsIn } from './testing/logRules.ts'
import { madeUpSource, type MadeUpSource, type SourceShape, steady } from './testing/madeUpSource.ts'
import { finish, giveInits, openRig, play, type Rig, settings, take } from './testing/packagerRig.ts'

const quick = { seed: 1, batch: 4, rung: false, rungLag: 0 }

const played = (source: MadeUpSource, delivery = quick): Rig => {
  const rig = openRig(source, delivery)
  giveInits(rig)
  play(rig)
  finish(rig)
  return rig
}

const playedShape = (change: Partial<SourceShape>): Rig => played(madeUpSource(steady(change)))

describe('a fragment', () => {
  it('says itself that it ends a part or a segment where the next frame can be foretold', () => {
    const rig = playedShape({ seconds: 6 })
    for (const name of ['source', 'audio']) {
      const fragments = rig.log.flatMap(({ body }) => body.fragments.filter(({ rendition }) => rendition === name))
      const last = partsIn(rig.log, name).length - 1
      const closing = fragments.filter(({ closesPart }) => closesPart).length
      expect([last, last + 1]).toContain(closing)
      expect(fragments.filter(({ closesSegment }) => closesSegment).length).toBe(segmentsIn(rig.log, name).length - 1)
    }
  })

  it('is independent just where its first frame is a keyframe', () => {
    const rig = playedShape({ gopFrames: 7, audio: false })
    let at = 0
    const samples = samplesIn(rig.log, 'source')
    for (const fragment of rig.log.flatMap(({ body }) => body.fragments)) {
      expect(fragment.independent).toBe(samples[at]?.keyframe)
      at += fragment.frames
    }
  })

  it('has a moof sequence number of its own, one above the last', () => {
    const rig = playedShape({ seconds: 3, audio: false })
    const numbers = rig.log.flatMap(({ body }) => body.fragments.map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(20)))
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
  })
})

describe('frames', () => {
  it('of which FFmpeg, ended by somebody, knows no length wait for whoever goes on, and come out where nobody does', () => {
    const rig = openRig(madeUpSource(steady({ audio: false })), quick)
    giveInits(rig)
    play(rig, 5)
    const given = rig.source.video.slice(rig.given.get('source') ?? 0).slice(0, 1)
    for (const guess of [0, 90, 2_700, 9_000]) {
      const flushed = given.map((sample) => ({ ...sample, duration: guess }))
      const ended = receiveSamples(rig.packager, 'source', flushed)
      const options = { settings, alone: false, ending: false, streamId: 's', token: 1 }
      const waiting = takeFragments(ended, { ...options, final: false })?.packager ?? ended
      expect(waiting.tracks[0]?.pending.map(({ dts }) => dts)).toEqual(flushed.map(({ dts }) => dts))
      expect(takeFragments(waiting, { ...options, final: true })?.packager.tracks[0]?.pending).toEqual([])
    }
  })

  it('that are decoded before they are shown stay whole and in decoding order, each segment beginning with its keyframe', () => {
    const source = madeUpSource(steady({ reordered: true, gopFrames: 61, seconds: 9 }))
    const rig = played(source)
    expect(samplesIn(rig.log, 'source').map(({ dts, cts }) => [dts, cts])).toEqual(source.video.map(({ dts, cts }) => [dts, cts]))
    expect(segmentsIn(rig.log, 'source').map(({ independent, frames }) => [independent, frames])).toEqual([[true, 61], [true, 61], [true, 61], [true, 61], [true, 26]])
    expect([brokenNumbers(rig.log), brokenLengths(rig.log), brokenAnnouncements(rig.log, rig.packager.unannounced)]).toEqual([[], [], []])
  })

  it('that follow each other within a millisecond all come out, with the times they had', () => {
    const at = [0, 3_000, 3_060, 3_090, 6_000, 9_000, 9_001, 12_000, 15_000, 18_000, 21_000]
    const video = at.map((dts, i): Sample => ({ dts: 900_000 + dts, cts: 0, duration: (at[i + 1] ?? dts + 1) - dts, keyframe: i === 0, data: new Uint8Array([i]) }))
    const rig = played({ video, audio: [], frames: video.map(({ dts, keyframe }) => ({ kind: 'video', at: dts, pts: dts, keyframe })) }, { ...quick, batch: 1 })
    expect(samplesIn(rig.log, 'source').map(({ dts }) => dts)).toEqual(video.map(({ dts }) => dts))
  })

  it('end with one that lasts as long as most, since FFmpeg can only guess', () => {
    const rig = playedShape({ fps: 25, audio: false })
    expect(samplesIn(rig.log, 'source').at(-1)?.duration).toBe(3_600)
    expect(segmentsIn(rig.log, 'source').reduce((sum, { duration }) => sum + duration, 0)).toBe(8 * 90_000)
  })

  it('of sound lie on one grid, whatever times FFmpeg gives them', () => {
    const rig = openRig(madeUpSource(steady({ video: false })), quick)
    giveInits(rig)
    const shaken = rig.source.audio.map((sample, i) => ({ ...sample, dts: sample.dts + (i % 3) * 100, duration: 1_024 - (i % 2) }))
    rig.packager = receiveSamples(rig.packager, 'audio', shaken)
    take(rig, true)
    const samples = samplesIn(rig.log, 'audio')
    expect(samples.map(({ dts }) => dts)).toEqual(samples.map((_, i) => 480_000 + i * 1_024))
  })
})

describe('a record', () => {
  it('takes a backlog in bites of about a megabyte, all of it in order', () => {
    const big = madeUpSource(steady({ seconds: 4 }))
    const video = big.video.map((sample, i) => ({ ...sample, data: new Uint8Array(40_000).fill(i) }))
    const rig = openRig({ ...big, video }, { ...quick, batch: 10_000 })
    giveInits(rig)
    play(rig)
    expect(rig.log.length).toBeGreaterThan(4)
    for (const { body } of rig.log) {
      const bytes = body.fragments.reduce((sum, { data }) => sum + data.byteLength, 0)
      expect(bytes).toBeLessThan(RECORD_BYTES + 50_000)
    }
    expect(samplesIn(rig.log, 'source').map(({ data }) => data[0])).toEqual(video.map(({ data }) => data[0]))
    expect(brokenNumbers(rig.log)).toEqual([])
    expect(pendingBytes(rig.packager)).toBe(0)
  })

  it('is not made of nothing, nor before it is known how far apart frames are', () => {
    const rig = openRig(madeUpSource(steady()), quick)
    giveInits(rig)
    expect(isReady(rig.packager)).toBe(false)
    take(rig, true)
    expect(rig.log).toEqual([])
    play(rig, 1)
    expect(isReady(rig.packager)).toBe(true)
    expect(rig.packager.partTarget_us).toBe(275_000)
  })

  it('holds the init segment of a rendition that comes later than the others', () => {
    const rig = openRig(madeUpSource(steady()), quick)
    giveInits(rig, ['source'])
    play(rig, 5)
    giveInits(rig, ['audio'])
    rig.packager = receiveSamples(rig.packager, 'audio', rig.source.audio.slice(0, 20))
    const before = rig.log.length
    play(rig, before + 1)
    const first = rig.log.find(({ body }) => body.fragments.some(({ rendition }) => rendition === 'audio'))
    expect(first?.body.inits.map(({ rendition }) => rendition)).toEqual(['source', 'audio'])
    expect(rig.log.filter(({ packager }) => packager.openedMsn === 0 && packager !== first?.packager).slice(1).every(({ body }) => body.inits.length === 0)).toBe(true)
  })
})

it('a rendition that had no frames for several segments goes on number by number, with none empty', () => {
  const rig = playedShape({ seconds: 20, stalls: 1, stallSeconds_max: 19, seed: 4 })
  expect(brokenNumbers(rig.log)).toEqual([])
  expect(segmentsIn(rig.log, 'source').every(({ frames }) => frames > 0)).toBe(true)
  expect(rig.packager.unannounced.every(({ frames, duration }) => frames > 0 && duration > 0n)).toBe(true)
})
