import { describe, expect, it } from 'vitest'
import type { Sample } from '../fmp4/sample.ts'
import { closeParts, discontinue, endRun, endSegments, matchesInit, type Packager, receiveInit, receiveSamples, recordStored, takeFragments, timelineEnd } from './packager.ts'
import { onVideoFrame } from './segmentation.ts'
import { silence } from './silence.ts'
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

const SILENT = Buffer.from(silence(0, 1)[0]?.data ?? [])
const isHeard = ({ data }: { readonly data: Uint8Array }): boolean => !SILENT.equals(data)

describe('sound behind a discontinuity', () => {
  const AAC_FRAME = 1_024
  const ended = (): Packager => {
    const { packager, options } = playOn(undefined, { video: false })
    return discontinue(endSegments(packager, options)).packager
  }
  const end = (packager: Packager): number => packager.tracks.find(({ name }) => name === 'audio')?.nextDts ?? 0
  const sample = (dts: number): Sample => ({ dts, cts: 0, duration: AAC_FRAME, keyframe: true, data: Uint8Array.of(1) })
  const joined = (packager: Packager, first: number): ReadonlyArray<readonly [number, boolean]> =>
    (receiveSamples(packager, 'audio', [0, 1, 2].map((i) => sample(first + i * AAC_FRAME))).tracks.find(({ name }) => name === 'audio')?.pending ?? []).map((one) => [one.dts - end(packager), isHeard(one)])

  it('joins on to the sound before it: priming that lies over that is dropped, a short hole is silence, nothing heard moves', () => {
    const packager = ended()
    expect(joined(packager, end(packager) - 1_300)).toEqual([[748, true]])
    expect(joined(packager, end(packager) + 2_500)).toEqual([[452, false], [1_476, false], [2_500, true], [3_524, true], [4_548, true]])
    expect(joined(packager, end(packager) + 200)).toEqual([[200, true], [1_224, true], [2_248, true]])
    expect(joined(packager, end(packager) + 100_000)[0]).toEqual([100_000, true])
  })

  it('goes on with the silence where an owner died in it', () => {
    const packager = ended()
    const begun = { ...packager, tracks: packager.tracks.map((track) => ({ ...track, started: true, lastPts: track.nextDts, resumedAt: track.nextDts })) }
    expect(joined(begun, end(begun) + 2 * AAC_FRAME)).toEqual([[0, false], [1_024, false], [2_048, true], [3_072, true], [4_096, true]])
    expect(joined(begun, end(begun) - AAC_FRAME)).toEqual([[0, true], [1_024, true]])
  })
})

describe('the last picture before a change', () => {
  const drained = (): Packager => {
    const rig = openRig(madeUpSource(steady({ seconds: 5 }), 10_000), delivery)
    giveInits(rig)
    play(rig, 10)
    rig.packager = receiveSamples(rig.packager, 'source', rig.source.video.slice(rig.given.get('source'), (rig.given.get('source') ?? 0) + 3).map((one, i) => (i < 2 ? one : { ...one, duration: 1 })))
    return rig.packager
  }
  const picture = (packager: Packager) => packager.tracks.find(({ name }) => name === 'source')?.pending.at(-1)
  const lasting = (until: (dts: number) => number | 'level' | 'open'): number => {
    const packager = drained()
    return picture(endRun(packager, until(picture(packager)?.dts ?? 0)))?.duration ?? 0
  }

  it('lasts until the next one, where that is known, and as usual where nothing follows', () => {
    expect(lasting((dts) => dts + 5_000)).toBe(5_000)
    expect(lasting(() => 'open')).toBe(3_000)
    expect(lasting((dts) => dts - 1)).toBe(3_000)
  })

  it('makes no segment longer than players were told', () => {
    const track = drained().tracks.find(({ name }) => name === 'source')
    const dts = track?.pending.at(-1)?.dts ?? 0
    expect(lasting((at) => at + 90_000 * 60) + dts - (track?.segmentStart ?? 0)).toBe(6 * 90_000)
  })

  it('waits until it is known how long it lasts', () => {
    const packager = drained()
    const options = { ...openRig(madeUpSource(steady()), delivery).options, ending: true }
    expect(takeFragments(packager, options)?.packager.tracks.find(({ name }) => name === 'source')?.pending.length).toBe(1)
  })
})

describe('behind a discontinuity', () => {
  it('numbers go on, every rendition begins a segment, and nothing is lost on either side', () => {
    const first = playOn(undefined, {})
    const second = playOn(first, { seed: 2 })
    finish(second)
    expect(brokenNumbers(second.log)).toEqual([])
    expect(brokenAnnouncements(second.log, second.packager.unannounced)).toEqual([])
    for (const name of ['source', 'audio'] as const) {
      const samples = name === 'source' ? [...first.source.video, ...second.source.video] : [...first.source.audio, ...second.source.audio]
      expect(samplesIn(second.log, name).filter(isHeard).map(({ data }) => Buffer.from(data))).toEqual(samples.map(({ data }) => Buffer.from(data)))
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

  it('a rendition that has ended long ago ends its segment, so that nothing waits for it in the log', () => {
    const { packager, log } = playOn(undefined, { seconds: 40, videoEnds: true })
    const video = packager.tracks.find(({ name }) => name === 'source')
    expect([video?.segmentFrames, video?.frames]).toEqual([0, samplesIn(log, 'source').length])
    const last = packager.unannounced.filter(({ rendition }) => rendition === 'source').at(-1)
    expect([last?.msn, Number(last?.start) + Number(last?.duration)]).toEqual([(video?.msn ?? 0) - 1, video?.nextDts])
  })

  it('the window does not go back to a rendition that is far behind', () => {
    const first = playOn(undefined, { seconds: 60, fps: 5, videoEnds: true })
    const ended = discontinue(endSegments(first.packager, first.options)).packager
    const rig = openRig(madeUpSource(steady({ seconds: 5 }), 70_010), delivery, ended)
    const at = rig.source.video[0]?.dts ?? 0
    rig.packager = { ...rig.packager, segmentation: onVideoFrame(rig.packager.segmentation, at, true) }
    rig.packager = receiveSamples(rig.packager, 'audio', rig.source.audio.slice(0, 9))
    take(rig, true)
    const { windowStartMsn } = rig.packager
    expect(windowStartMsn).toBeGreaterThan(first.packager.windowStartMsn)
    rig.packager = receiveSamples(rig.packager, 'source', rig.source.video.slice(0, 9))
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
  expect([matchesInit(packager, 'source', same, videoInfo), matchesInit(packager, 'source', other, videoInfo), matchesInit(packager, '240p', other, videoInfo)]).toEqual([true, false, true])
  expect(matchesInit(discontinue(endSegments(packager, openRig(madeUpSource(steady()), delivery).options)).packager, 'source', other, videoInfo)).toBe(true)
})

it('an init segment that another FFmpeg wrote for the same decoder is the same one', () => {
  const { packager } = playOn(undefined, {})
  const info = { ...videoInfo, config_crc32c: 7 }
  const known = receiveInit(discontinue(packager).packager, 'source', new TextEncoder().encode('one'), info)
  const other = new TextEncoder().encode('another')
  const going = { ...known, tracks: known.tracks.map((track) => ({ ...track, lastPts: 1 })) }
  expect([info, { ...info, config_crc32c: 8 }, { ...info, width: 320 }, videoInfo].map((said) => matchesInit(going, 'source', other, said))).toEqual([true, false, false, false])
  expect(receiveInit(going, 'source', other, info).tracks.map(({ init }) => init.number)).toEqual(going.tracks.map(({ init }) => init.number))
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
