import { describe, expect, it } from 'vitest'
import { closeParts, discontinue, endSegments, matchesInit, type Packager, receiveInit, receiveSamples, recordStored, timelineEnd } from './packager.ts'
import { onVideoFrame } from './segmentation.ts'
import { brokenAnnouncements, brokenNumbers, brokenWindow, samplesIn, segmentsIn } from './testing/logRules.ts'
import { madeUpSource, type SourceShape, steady } from './testing/madeUpSource.ts'
import { finish, giveInits, openRig, play, type Rig, take, videoInfo } from './testing/packagerRig.ts'

const delivery = { seed: 1, batch: 4, rung: false, rungLag: 0 }

const playOn = (rig: Rig | undefined, change: Partial<SourceShape>): Rig => {
  const before = rig === undefined ? undefined : discontinue(endSegments(rig.packager, rig.options)).packager
  const origin_ms = before === undefined ? 10_000 : Math.ceil(timelineEnd(before) / 90) + 25
  const next = openRig(madeUpSource(steady({ seconds: 5, ...change }), origin_ms), delivery, before)
  if (rig !== undefined) {
    next.log.push(...rig.log)
    next.seq = rig.seq + 1
    next.packager = recordStored(next.packager, next.seq, next.seq)
  }
  giveInits(next)
  play(next)
  return next
}

describe('behind a discontinuity', () => {
  it('numbers go on, every rendition begins a segment, and nothing is lost on either side', () => {
    const first = playOn(undefined, {})
    const second = playOn(first, { seed: 2 })
    finish(second)
    expect(brokenNumbers(second.log)).toEqual([])
    expect(brokenAnnouncements(second.log, second.packager.unannounced)).toEqual([])
    for (const name of ['source', 'audio'] as const) {
      const samples = name === 'source' ? [...first.source.video, ...second.source.video] : [...first.source.audio, ...second.source.audio]
      expect(samplesIn(second.log, name).map(({ data }) => Buffer.from(data))).toEqual(samples.map(({ data }) => Buffer.from(data)))
    }
    expect(second.packager.unannounced.map(({ msn, rendition, discontinuities }) => [rendition, msn, discontinuities])).toEqual(
      ['source', 'audio'].flatMap((rendition) => [0, 1, 2, 3, 4, 5].map((msn) => [rendition, msn, msn < 3 ? 0 : 1])).sort(([, a], [, b]) => Number(a) - Number(b))
    )
  })

  it('a rendition that had ended early catches up by short segments, each with a frame', () => {
    const second = playOn(playOn(undefined, { seconds: 16, videoEnds: true }), {})
    finish(second)
    expect(brokenNumbers(second.log)).toEqual([])
    expect(brokenAnnouncements(second.log, second.packager.unannounced)).toEqual([])
    expect(segmentsIn(second.log, 'source').every(({ frames }) => frames > 0)).toBe(true)
    const newest = (name: string) => segmentsIn(second.log, name).at(-1)?.msn
    expect(newest('source')).toBe(newest('audio'))
  })

  it('a rendition that had ended long ago catches up too, and held neither window nor checkpoint back meanwhile', () => {
    const first = playOn(undefined, { seconds: 500, fps: 5, videoEnds: true })
    expect(first.packager.segmentation.starts.length).toBeLessThan(40)
    const second = playOn(first, { seconds: 20 })
    finish(second)
    expect([brokenNumbers(second.log), brokenAnnouncements(second.log, second.packager.unannounced), brokenWindow(second.log)]).toEqual([[], [], []])
    const newest = (name: string) => segmentsIn(second.log, name).at(-1)
    expect(newest('source')?.msn).toBe(newest('audio')?.msn)
    expect(newest('source')?.frames).toBeGreaterThan(40)
  })

  it('the window does not go back to a rendition that is far behind', () => {
    const first = playOn(undefined, { seconds: 60, fps: 5, videoEnds: true })
    const ended = discontinue(endSegments(first.packager, first.options)).packager
    const rig = openRig(madeUpSource(steady({ seconds: 5 }), 70_010), delivery, ended)
    const at = rig.source.video[0]?.dts ?? 0
    rig.packager = { ...rig.packager, segmentation: onVideoFrame(rig.packager.segmentation, at, true) }
    rig.packager = receiveSamples(rig.packager, 'audio', rig.source.audio.slice(0, 9), false)
    take(rig, true)
    const { windowStartMsn } = rig.packager
    expect(windowStartMsn).toBeGreaterThan(first.packager.windowStartMsn)
    rig.packager = receiveSamples(rig.packager, 'source', rig.source.video.slice(0, 9), false)
    take(rig, true)
    expect(rig.log.map(({ body }) => body.fragments[0]?.rendition)).toEqual(['audio', 'source'])
    expect(rig.packager.windowStartMsn).toBe(windowStartMsn)
  })

  it('an init segment has a new number if it is another one, and goes into the first record', () => {
    const first = playOn(undefined, {})
    const ended = discontinue(endSegments(first.packager, first.options)).packager
    const same = receiveInit(ended, 'source', new TextEncoder().encode('init of source'), videoInfo)
    const other = receiveInit(ended, 'source', new TextEncoder().encode('another size'), { ...videoInfo, width: 320 })
    expect([same, other].map(({ tracks }) => tracks.map(({ init }) => init.number))).toEqual([[0, 0], [1, 0]])
    const second = openRig(madeUpSource(steady(), 20_000), delivery, other)
    play(second, 1)
    expect(second.log[0]?.body.inits.map(({ rendition, number, width }) => [rendition, number, width])).toEqual([['source', 1, 320], ['audio', 0, 0]])
  })
})

it('an init segment counts as another one only for a rendition that has frames since the last discontinuity', () => {
  const { packager } = playOn(undefined, {})
  const [same, other] = [new TextEncoder().encode('init of source'), new TextEncoder().encode('another')]
  expect([matchesInit(packager, 'source', same), matchesInit(packager, 'source', other), matchesInit(packager, '240p', other)]).toEqual([true, false, true])
  expect(matchesInit(discontinue(endSegments(packager, openRig(madeUpSource(steady()), delivery).options)).packager, 'source', other)).toBe(true)
})

describe('closing', () => {
  const open = (): Packager => {
    const rig = openRig(madeUpSource(steady()), delivery)
    giveInits(rig)
    play(rig, 40)
    return rig.packager
  }

  it('open parts leaves segments open, and closes each part once', () => {
    const before = open()
    const closed = closeParts(before)
    expect(closed.tracks.map(({ part, msn, partStart }) => [msn, part, partStart])).toEqual(
      before.tracks.map(({ msn, part, partStart, nextDts }) => [msn, part + (partStart < nextDts ? 1 : 0), nextDts])
    )
    expect(before.tracks.some(({ partStart, nextDts }) => partStart < nextDts)).toBe(true)
    expect(closeParts(closed)).toEqual(closed)
  })

  it('segments closes each that has frames, and each once', () => {
    const rig = openRig(madeUpSource(steady()), delivery)
    const before = open()
    const ended = endSegments(before, rig.options)
    expect(ended.tracks.map(({ msn }) => msn)).toEqual(before.tracks.map(({ msn }) => msn + 1))
    expect(ended.unannounced.length).toBe(before.unannounced.length + 2)
    expect(endSegments(ended, rig.options)).toEqual(ended)
  })

  it('a segment measures the bit rate of its rendition, of which the greatest is kept', () => {
    const rig = openRig(madeUpSource(steady({ seconds: 10 })), delivery)
    giveInits(rig)
    play(rig)
    finish(rig)
    for (const { name, bandwidth } of rig.packager.tracks) {
      const rates = segmentsIn(rig.log, name).map(({ bytes, duration }) => Math.ceil((bytes * 8 * (name === 'audio' ? 48_000 : 90_000)) / duration))
      expect(bandwidth).toBe(Math.max(...rates))
    }
  })
})
