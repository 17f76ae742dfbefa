import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { parse, types } from 'hls-parser'
import { describe, expect, it } from 'vitest'
import { FragmentSchema, FragmentsSchema, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { applyRecord } from './applyRecord.ts'
import type { WindowProblem } from './windowProblem.ts'
import { findRevision } from './findRevision.ts'
import { findPart, openWindow } from './liveWindow.ts'
import type { LiveWindow, Place } from './liveWindow.ts'
import { parseMediaName } from './mediaNames.ts'
import { renderMedia } from './renderMedia.ts'
import { parseMedia } from './testing/parsePlaylist.ts'
import { randomLog } from './testing/randomLog.ts'
import type { LoggedRecord, LogShape } from './testing/randomLog.ts'
import { checkBlockingAnswer, checkDelta, checkMedia, checkSuccession } from './testing/rules.ts'
import { seededRandom } from './testing/seededRandom.ts'

const shapes: fc.Arbitrary<LogShape> = fc.record({
  renditions: fc.constantFrom<LogShape['renditions']>(['source', 'audio'], ['source', '720p', 'audio'], ['source'], ['audio']),
  windowSegments: fc.integer({ min: 3, max: 30 }),
  framesPerRecord: fc.integer({ min: 1, max: 12 }),
  takeOverEvery: fc.constantFrom(0, 9, 40),
  discontinuityEvery: fc.constantFrom(0, 25, 60),
  piecesEvery: fc.constantFrom(0, 1, 4),
  segments: fc.integer({ min: 2, max: 36 }),
  silentFrom: fc.constantFrom(2, 1_000),
  end: fc.boolean(),
  seed: fc.integer()
})

const read = (record: LoggedRecord['record']): LoggedRecord['record'] => fromBinary(MediaRecordSchema, toBinary(MediaRecordSchema, record))

const fold = (window: LiveWindow, log: ReadonlyArray<LoggedRecord>): ReadonlyArray<WindowProblem> =>
  log.flatMap(({ seq, record }) => applyRecord(window, seq, read(record)).problems)

// Every revision that a follower from the start could have served, rendered when its part became whole.
const revisionsWhenNew = (log: ReadonlyArray<LoggedRecord>): ReadonlyMap<string, { readonly rendition: string; readonly place: Place; readonly text: string }> => {
  const window = openWindow()
  const revisions = new Map<string, { rendition: string; place: Place; text: string }>()
  for (const { seq, record } of log) {
    applyRecord(window, seq, read(record))
    for (const rendition of window.renditions.values()) {
      for (const segment of [...rendition.segments.values()].slice(-3)) {
        for (const part of segment.parts) {
          if (part.completion?.at.seq !== seq || window.end) continue
          const place = { msn: segment.msn, part: part.index }
          const text = renderMedia(window, rendition.name, place)
          if (text !== undefined) revisions.set(`${rendition.name}/${place.msn}/${place.part}`, { rendition: rendition.name, place, text })
        }
      }
    }
  }
  return revisions
}

describe('live window', () => {
  it('renders every revision by the rules of RFC 8216bis, each one a valid successor of the one before', () => {
    fc.assert(fc.property(shapes, (shape) => {
      const log = randomLog(shape)
      const window = openWindow()
      expect(fold(window, log)).toEqual([])
      const truth = (rendition: string) => ({
        independent: (uri: string): boolean | undefined => {
          const name = parseMediaName(uri)
          return name?._tag === 'Part' ? findPart(window, rendition, name)?.independent : undefined
        }
      })
      for (const name of shape.renditions) {
        let before: string | undefined
        for (const { rendition, place, text } of revisionsWhenNew(log).values()) {
          if (rendition !== name) continue
          const full = checkMedia(text, place.msn >= window.knownFrom + shape.windowSegments ? truth(name) : undefined)
          expect(full.broken).toEqual([])
          if (before) expect(checkSuccession(before, text)).toEqual([])
          expect(checkBlockingAnswer(text, place)).toEqual([])
          before = text
        }
        const last = renderMedia(window, name, 'newest')
        if (last && before) expect([...checkSuccession(before, last), ...checkMedia(last, truth(name)).broken]).toEqual([])
        if (last) expect(parseMedia(last).ended).toBe(shape.end)
      }
    }), { numRuns: 25 })
  })

  it('answers for a part with the same bytes whenever it is asked, and whether it followed from the start or joined late', () => {
    fc.assert(fc.property(shapes, fc.double({ min: 0, max: 0.999, noNaN: true }), (shape, cut) => {
      const log = randomLog(shape)
      const whenNew = revisionsWhenNew(log)
      const early = openWindow()
      fold(early, log)
      const joinAt = log[Math.floor(cut * log.length)]
      const checkpoint = joinAt?.record.checkpoint
      if (joinAt === undefined || checkpoint === undefined) return
      const late = openWindow(checkpoint.windowStartMsn)
      const from = Number(checkpoint.windowStartSeq) || joinAt.seq
      expect(fold(late, log.filter(({ seq }) => seq >= from))).toEqual([])
      let exact = 0
      for (const { rendition, place, text } of whenNew.values()) {
        for (const window of [early, late]) {
          const again = renderMedia(window, rendition, place)
          if (again !== undefined) {
            expect(again).toBe(text)
            exact += 1
          }
        }
      }
      expect(exact).toBeGreaterThan(0)
      for (const name of shape.renditions) {
        const newest = early.renditions.get(name)?.newest
        if (newest && newest.msn > checkpoint.windowStartMsn + shape.windowSegments) expect(renderMedia(late, name, 'newest')).toBe(renderMedia(early, name, 'newest'))
        for (const segment of late.renditions.get(name)?.segments.values() ?? []) {
          for (const part of segment.parts) expect(part.data).toEqual(findPart(early, name, { msn: segment.msn, part: part.index })?.data)
        }
      }
    }), { numRuns: 50 })
  })

  it('gives delta updates that say the same as the full playlist, and skips only what is older than the boundary', () => {
    let skipping = 0
    fc.assert(fc.property(shapes, (shape) => {
      const window = openWindow()
      const random = seededRandom(shape.seed)
      for (const { seq, record } of randomLog({ ...shape, windowSegments: 28, segments: 30 })) {
        applyRecord(window, seq, read(record))
        if (random() > 0.2) continue
        for (const name of window.renditions.keys()) {
          const [full, delta] = [renderMedia(window, name, 'newest'), renderMedia(window, name, 'newest', true)]
          if (full === undefined || delta === undefined) continue
          expect(checkDelta(full, delta)).toEqual([])
          if (parseMedia(delta).skipped > 0) {
            skipping += 1
            const kept = parseMedia(delta).segments.reduce((sum, { duration_s, parts }) => sum + (duration_s ?? parts.reduce((all, part) => all + part.duration_s, 0)), 0)
            // Durations are written to the microsecond, and sums of them are rounded.
            expect(Math.round(kept * 1e6) / 1e6).toBeGreaterThanOrEqual(36)
          }
        }
      }
    }), { numRuns: 8 })
    expect(skipping).toBeGreaterThan(0)
  })

  it('is read by another parser as it was meant', () => {
    const window = openWindow()
    fold(window, randomLog({ renditions: ['source', 'audio'], windowSegments: 6, framesPerRecord: 3, takeOverEvery: 20, discontinuityEvery: 40, piecesEvery: 0, segments: 12, end: false, seed: 7 }))
    const text = renderMedia(window, 'source', 'newest') ?? ''
    const [other, own] = [parse(text), parseMedia(text)]
    if (!(other instanceof types.MediaPlaylist)) throw new Error('not a media playlist')
    expect(other.mediaSequenceBase).toBe(own.mediaSequence)
    expect(other.lowLatencyCompatibility?.canBlockReload).toBe(true)
    expect(other.segments.filter(({ uri }) => uri).map(({ uri, duration, mediaSequenceNumber }) => [uri, duration, mediaSequenceNumber]))
      .toEqual(own.segments.filter(({ uri }) => uri).map(({ uri, duration_s, msn }) => [uri, duration_s, msn]))
    expect(other.renditionReports.map(({ uri }) => uri)).toEqual(['../audio/playlist.m3u8'])
  })

  it('lists nothing of a segment from a damaged fragment on', () => {
    const log = randomLog({ renditions: ['source'], windowSegments: 6, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 2, end: true, seed: 3 })
    const victim = log.find(({ record }) => record.body.case === 'fragments' && record.body.value.fragments.some(({ msn, part }) => msn === 1 && part === 1))
    if (victim?.record.body.case !== 'fragments') throw new Error('no such fragment')
    const fragment = victim.record.body.value.fragments.find(({ part }) => part === 1)
    if (fragment) fragment.data = fragment.data.map((byte) => byte ^ 1)
    const window = openWindow()
    expect(fold(window, log)).toEqual([{ _tag: 'FragmentDamaged', seq: victim.seq, rendition: 'source', msn: 1, part: 1 }])
    const { segments, losses } = parseMedia(renderMedia(window, 'source', 'newest') ?? '')
    expect(segments.map(({ msn, gap, discontinuity, parts }) => ({ msn, gap, discontinuity, first: parts[0]?.uri, cut: parts.length === 1 }))).toEqual([
      { msn: 0, gap: false, discontinuity: 0, first: 'part_0_0.m4s', cut: false },
      { msn: 1, gap: false, discontinuity: 0, first: 'part_1_0.m4s', cut: true },
      { msn: 2, gap: false, discontinuity: 1, first: 'part_2_0.m4s', cut: expect.any(Boolean) }
    ])
    expect(losses).toMatchObject([{ id: 'loss-2' }])
  })

  it('drops pieces whose owner died before the last one', () => {
    const log = randomLog({ renditions: ['source'], windowSegments: 6, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 1, segments: 1, end: false, seed: 5 })
    const firstPiece = log.find(({ record }) => record.body.case === 'piece')
    const takeOver = log[0]
    if (!firstPiece || !takeOver) throw new Error('no piece')
    const window = openWindow()
    const orphan = [firstPiece, { ...takeOver, seq: firstPiece.seq + 1 }]
    expect(fold(window, orphan)).toEqual([])
    expect(window.pieces).toBeUndefined()
    expect(fold(window, log.slice(1).map(({ seq, record }) => ({ seq: seq + 100, record })))).toEqual([])
    expect(window.renditions.get('source')?.newest?.msn).toBeGreaterThanOrEqual(0)
  })

  it('takes the open part for whole when another owner takes over', () => {
    const log = randomLog({ renditions: ['source'], windowSegments: 6, framesPerRecord: 2, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 1, end: false, seed: 6 })
    const [takeOver] = log
    const window = openWindow()
    fold(window, log)
    const open = window.renditions.get('source')?.open
    if (!open || !takeOver) throw new Error('no open part')
    fold(window, [{ ...takeOver, seq: window.seq + 1 }])
    expect(window.renditions.get('source')).toMatchObject({ open: undefined, newest: { msn: open.segment.msn, part: open.part.index } })
    expect(open.part.completion?.next).toEqual({ msn: open.segment.msn, part: open.part.index + 1 })
  })

  it('reports no rendition whose newest part has left the window, since a late reader cannot know it', () => {
    const log = randomLog({ renditions: ['source', 'audio'], windowSegments: 3, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 12, silentFrom: 2, end: false, seed: 8 })
    const window = openWindow()
    fold(window, log)
    expect(parseMedia(renderMedia(window, 'source', 'newest') ?? '').reports).toEqual([])
    expect(findRevision(window, 'audio', 'newest')).toEqual({ _tag: 'Unknown' })
  })

  it('refuses fragments that lie before the newest or skip a part', () => {
    const log = randomLog({ renditions: ['source'], windowSegments: 6, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 2, end: false, seed: 9 })
    const window = openWindow()
    fold(window, log)
    const last = log.at(-1)
    if (!last?.record.checkpoint) throw new Error('no record')
    const stray = (msn: number, part: number): LoggedRecord => ({
      seq: window.seq + 1,
      record: create(MediaRecordSchema, {
        ...(last.record.checkpoint ? { checkpoint: last.record.checkpoint } : {}),
        body: { case: 'fragments', value: create(FragmentsSchema, { fragments: [create(FragmentSchema, { rendition: 'source', msn, part, data: new Uint8Array(1) })] }) }
      })
    })
    expect(fold(window, [stray(0, 99)])).toMatchObject([{ _tag: 'FragmentMisplaced', msn: 0, part: 99 }])
    expect(fold(window, [stray(2, 77)])).toMatchObject([{ _tag: 'FragmentMisplaced', msn: 2, part: 77 }])
  })
})

describe('blocking requests', () => {
  const window = openWindow()
  fold(window, randomLog({ renditions: ['source', 'audio'], windowSegments: 4, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 30, end: false, seed: 11 }))
  const newest = window.renditions.get('source')?.newest ?? { msn: 0, part: 0 }

  it('ask for a part beyond a segment and mean the first of the next', () => {
    const answer = findRevision(window, 'source', { msn: newest.msn - 1, part: 99 })
    expect(answer).toMatchObject({ _tag: 'Ready', revision: { upTo: { msn: newest.msn, part: 0 } } })
  })

  it('for a whole segment wait for the first part of the next', () => {
    expect(findRevision(window, 'source', { msn: newest.msn - 1, part: undefined })).toMatchObject({ _tag: 'Ready', revision: { upTo: { msn: newest.msn, part: 0 } } })
    expect(findRevision(window, 'source', { msn: newest.msn, part: undefined })).toEqual({ _tag: 'Pending' })
  })

  it('for what is to come are pending, for what is too far ahead refused, for what has left the window gone', () => {
    expect(findRevision(window, 'source', { msn: newest.msn, part: newest.part + 1 })).toEqual({ _tag: 'Pending' })
    expect(findRevision(window, 'source', { msn: newest.msn + 2, part: 0 })).toEqual({ _tag: 'Pending' })
    expect(findRevision(window, 'source', { msn: newest.msn + 3, part: 0 })).toEqual({ _tag: 'TooFar' })
    expect(findRevision(window, 'source', { msn: newest.msn, part: newest.part + 12 })).toEqual({ _tag: 'TooFar' })
    expect(findRevision(window, 'source', { msn: 0, part: 0 })).toEqual({ _tag: 'Gone' })
    expect(findRevision(window, 'nothing', 'newest')).toEqual({ _tag: 'Unknown' })
  })

  it('beyond the end of an ended stream get the ended playlist', () => {
    const ended = openWindow()
    fold(ended, randomLog({ renditions: ['source'], windowSegments: 4, framesPerRecord: 5, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 3, end: true, seed: 1 }))
    const last = ended.renditions.get('source')?.newest ?? { msn: 0, part: 0 }
    expect(renderMedia(ended, 'source', { msn: last.msn, part: last.part + 1 })).toBe(renderMedia(ended, 'source', 'newest'))
    expect(renderMedia(ended, 'source', 'newest')).toContain('#EXT-X-ENDLIST')
  })

  it('for the part that the end makes whole get it before they are told that the segment has ended', () => {
    const log = randomLog({ renditions: ['source'], windowSegments: 4, framesPerRecord: 1, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 2, end: true, seed: 4 })
    const ended = openWindow()
    fold(ended, log)
    const last = ended.renditions.get('source')?.newest ?? { msn: 0, part: 0 }
    expect(findPart(ended, 'source', last)?.completion?.at.seq).toBe(log.at(-1)?.seq)
    const revision = parseMedia(renderMedia(ended, 'source', last) ?? '')
    expect([revision.ended, revision.segments.at(-1)?.uri, revision.segments.at(-1)?.parts.length]).toEqual([false, undefined, last.part + 1])
    expect(parseMedia(renderMedia(ended, 'source', { msn: last.msn, part: last.part + 1 }) ?? '').ended).toBe(true)
  })
})
