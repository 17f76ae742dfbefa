import { fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { applyRecord } from './applyRecord.ts'
import { openWindow } from './liveWindow.ts'
import type { LiveWindow, Place, Segment } from './liveWindow.ts'
import { renderMedia } from './renderMedia.ts'
import { parseMedia } from './testing/parsePlaylist.ts'
import { randomLog } from './testing/randomLog.ts'
import type { LoggedRecord, LogShape } from './testing/randomLog.ts'
import { checkMedia, checkSuccession } from './testing/rules.ts'
import type { WindowProblem } from './windowProblem.ts'

const shapes: fc.Arbitrary<LogShape> = fc.record({
  renditions: fc.constantFrom<LogShape['renditions']>(['source', 'audio'], ['source', '720p', 'audio'], ['source'], ['audio']),
  windowSegments: fc.integer({ min: 3, max: 8 }),
  framesPerRecord: fc.integer({ min: 1, max: 12 }),
  takeOverEvery: fc.constantFrom(0, 9, 40),
  discontinuityEvery: fc.constantFrom(0, 60),
  piecesEvery: fc.constantFrom(0, 4),
  segments: fc.integer({ min: 3, max: 10 }),
  end: fc.boolean(),
  seed: fc.integer()
})

/** What becomes of a log: runs of records that are gone, and fragments whose bytes have changed. */
interface Damage {
  readonly runs: ReadonlyArray<{ readonly at: number; readonly records: number }>
  readonly spoiled: ReadonlyArray<number>
}

const at = fc.integer({ min: 0, max: 999 }).map((thousandth) => thousandth / 1_000)
const damages: fc.Arbitrary<Damage> = fc.record({
  runs: fc.array(fc.record({ at, records: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 80 })) }), { maxLength: 3 }),
  spoiled: fc.array(at, { maxLength: 2 })
})

/** Of two records in pieces are left the first one's first pieces and the last one's last, which fit each other. */
const twoInPieces: LogShape = {
  renditions: ['source', 'audio'], windowSegments: 3, framesPerRecord: 2, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 4, segments: 6, end: true, seed: 2147483639
}
const lostBetween: Damage = { runs: [{ at: 0.921, records: 10 }, { at: 0.644, records: 56 }], spoiled: [] }

/** With one byte changed, a checkpoint tells of millions of discontinuities. */
const breaksOffAtOnce: LogShape = {
  renditions: ['source'], windowSegments: 4, framesPerRecord: 12, takeOverEvery: 40, discontinuityEvery: 60, piecesEvery: 4, segments: 3, end: true, seed: 2147483620
}

const read = (record: LoggedRecord['record']): LoggedRecord['record'] => fromBinary(MediaRecordSchema, toBinary(MediaRecordSchema, record))

const spoil = ({ seq, record }: LoggedRecord, only?: string): LoggedRecord => {
  const copy = read(record)
  const fragments = copy.body.case === 'fragments' ? copy.body.value.fragments : []
  for (const fragment of fragments) if (only === undefined || fragment.rendition === only) fragment.data = fragment.data.map((byte) => byte ^ 1)
  return { seq, record: copy }
}

const damage = (log: ReadonlyArray<LoggedRecord>, { runs, spoiled }: Damage): ReadonlyArray<LoggedRecord> => {
  const gone = new Set(runs.flatMap((run) => Array.from({ length: run.records }, (_, index) => Math.floor(run.at * log.length) + index)))
  const torn = new Set(spoiled.map((one) => Math.floor(one * log.length)))
  return log.flatMap((entry, index) => (gone.has(index) ? [] : torn.has(index) ? [spoil(entry)] : [entry]))
}

const fold = (window: LiveWindow, log: ReadonlyArray<LoggedRecord>): ReadonlyArray<WindowProblem> =>
  log.flatMap(({ seq, record }) => applyRecord(window, seq, read(record)).problems)

interface Rendered {
  readonly rendition: string
  readonly place: Place
  readonly text: string
}

/** Every revision that a follower from the start could have served, rendered when its part became whole. */
const revisions = (log: ReadonlyArray<LoggedRecord>): ReadonlyArray<Rendered> => {
  const window = openWindow()
  const all: Array<Rendered> = []
  for (const { seq, record } of log) {
    applyRecord(window, seq, read(record))
    for (const rendition of window.end ? [] : window.renditions.values()) {
      for (const segment of rendition.segments.values()) {
        for (const part of segment.parts) {
          if (part.completion?.at.seq !== seq) continue
          const place = { msn: segment.msn, part: part.index }
          const text = renderMedia(window, rendition.name, place)
          if (text !== undefined) all.push({ rendition: rendition.name, place, text })
        }
      }
    }
  }
  return all
}

const bytesOf = ({ parts }: Segment): ReadonlyArray<Uint8Array | undefined> => parts.filter(({ completion }) => completion !== undefined).map(({ data }) => data)

// A late reader does not know of losses before its window.
const withoutCount = (text: string): string => text.replace(/#EXT-X-DISCONTINUITY-SEQUENCE:.*/, '')

describe('a live window over a damaged log', () => {
  it('lists only what was published, whole: of each segment the parts of the undamaged log, up to a loss', () => {
    fc.assert(fc.property(shapes, damages, (shape, harm) => {
      const log = randomLog(shape)
      const [intact, damaged] = [openWindow(), openWindow()]
      fold(intact, log)
      fold(damaged, damage(log, harm))
      for (const rendition of damaged.renditions.values()) {
        const segments = [...rendition.segments.values()]
        for (const [index, segment] of segments.entries()) {
          const truth = intact.renditions.get(rendition.name)?.segments.get(segment.msn)
          const listed = bytesOf(segment)
          expect(listed, `${rendition.name} ${segment.msn}`).toEqual(truth?.parts.slice(0, listed.length).map(({ data }) => data))
          const next = segments[index + 1]
          if (next !== undefined && !next.behindLoss) expect(listed.length, `${rendition.name} ${segment.msn}`).toBe(truth?.parts.length)
        }
      }
    }), { numRuns: 60, examples: [[twoInPieces, lostBetween]] })
  })

  it('renders every revision by the rules, each one a valid successor of the one before', () => {
    let losses = 0
    fc.assert(fc.property(shapes, damages, (shape, harm) => {
      const before = new Map<string, string>()
      for (const { rendition, text } of revisions(damage(randomLog(shape), harm))) {
        expect(checkMedia(text).broken, text).toEqual([])
        const earlier = before.get(rendition)
        if (earlier !== undefined) expect(checkSuccession(earlier, text)).toEqual([])
        before.set(rendition, text)
        losses += parseMedia(text).losses.length
      }
    }), { numRuns: 20 })
    expect(losses).toBeGreaterThan(0)
  })

  it('gives the same bytes on an edge that joined late', () => {
    let compared = 0
    fc.assert(fc.property(shapes, damages, at, (shape, harm, joinAt) => {
      const log = damage(randomLog(shape), harm)
      const head = log[Math.floor(joinAt * log.length)]
      const checkpoint = head?.record.checkpoint
      // Before its last piece is there, the first record of all names no beginning.
      if (head === undefined || checkpoint === undefined || (head.record.body.case === 'piece' && checkpoint.windowStartSeq === 0n)) return
      const from = Number(checkpoint.windowStartSeq) || head.seq
      const [early, late] = [openWindow(), openWindow(checkpoint.windowStartMsn, from)]
      fold(early, log)
      fold(late, log.filter(({ seq }) => seq >= from))
      // Where the very record is lost that opened the window, a late reader cannot know all that was before.
      if (!log.some(({ seq }) => seq === from)) return
      for (const rendition of late.renditions.values()) {
        for (const segment of rendition.segments.values()) {
          for (const { index } of segment.parts) {
            const place = { msn: segment.msn, part: index }
            const [a, b] = [renderMedia(early, rendition.name, place), renderMedia(late, rendition.name, place)]
            if (a === undefined || b === undefined) continue
            if (early.losses === late.losses) expect(b).toBe(a)
            else expect(withoutCount(b)).toBe(withoutCount(a))
            compared += 1
          }
        }
      }
    }), { numRuns: 40 })
    expect(compared).toBeGreaterThan(100)
  })

  it('counts exactly the frames that are gone', () => {
    fc.assert(fc.property(shapes, damages, (shape, harm) => {
      const log = randomLog({ ...shape, piecesEvery: 0, windowSegments: 20 })
      const left = damage(log, { ...harm, spoiled: [] })
      const framesIn = (records: ReadonlyArray<LoggedRecord>): number =>
        records.flatMap(({ record }) => (record.body.case === 'fragments' ? record.body.value.fragments : [])).reduce((sum, { frames }) => sum + frames, 0)
      // What is gone behind the last record, nobody knows of.
      const last = left.at(-1)?.seq ?? 0
      const lost = framesIn(log.filter(({ seq }) => seq <= last)) - framesIn(left)
      const problems = fold(openWindow(), left)
      expect(problems.reduce((sum, problem) => sum + (problem._tag === 'FramesLost' ? problem.frames : 0), 0)).toBe(lost)
      if (lost === 0) expect(problems).toEqual([])
    }), { numRuns: 50 })
  })

  it('goes on behind a loss: what comes two segments later is healthy, in every rendition', () => {
    const log = randomLog({ renditions: ['source', '720p', 'audio'], windowSegments: 20, framesPerRecord: 4, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 12, end: true, seed: 5 })
    for (let index = 5; index < log.length - 130; index += 17) {
      const window = openWindow()
      const left = damage(log, { runs: [{ at: index / log.length, records: 9 }], spoiled: [] })
      expect(fold(window, left).length).toBeGreaterThan(0)
      for (const name of ['source', '720p', 'audio']) {
        const { segments, losses } = parseMedia(renderMedia(window, name, 'newest') ?? '')
        const discontinuities = segments.map(({ discontinuity }) => discontinuity)
        expect([losses.length, discontinuities.at(-1), segments.at(-1)?.gap, segments.at(-1)?.msn]).toEqual([1, 1, false, 12])
        expect(losses[0]?.duration_s).toBeGreaterThan(0)
        expect(losses[0]?.duration_s).toBeLessThan(6)
        expect(segments.map(({ msn }) => msn)).toEqual(segments.map((_, msn) => msn))
        const [loss] = losses
        const behind = segments.find(({ discontinuity }) => discontinuity === 1)
        expect((loss?.start_ms ?? 0) + (loss?.duration_s ?? 0) * 1_000).toBeCloseTo(behind?.programDateTime_ms ?? 0, -1)
      }
    }
  })

  it('keeps what is listed where one rendition alone is damaged, wherever the others are', () => {
    const log = randomLog({ renditions: ['source', 'audio'], windowSegments: 8, framesPerRecord: 3, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 5, end: false, seed: 21 })
    log.forEach((victim, index) => {
      for (const name of ['source', 'audio']) {
        const before = new Map<string, string>()
        for (const { rendition, text } of revisions(log.map((entry) => (entry === victim ? spoil(entry, name) : entry)))) {
          const earlier = before.get(rendition)
          if (earlier !== undefined) expect(checkSuccession(earlier, text), `${name} of record ${index}`).toEqual([])
          before.set(rendition, text)
        }
      }
    })
  })

  it('goes on with a picture that needs no other', () => {
    const log = randomLog({ renditions: ['source', 'audio'], windowSegments: 9, framesPerRecord: 4, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 6, end: true, seed: 22 })
    const within = (msn: number, { record }: LoggedRecord): boolean => record.body.case === 'fragments' && record.body.value.fragments.every((fragment) => fragment.msn === msn && fragment.part > 1)
    const victim = log.find((entry) => within(2, entry))
    const left = log.filter((entry) => entry !== victim).map(({ seq, record }) => ({ seq, record: read(record) }))
    for (const { record } of left) for (const fragment of record.body.case === 'fragments' ? record.body.value.fragments : []) if (fragment.rendition === 'source' && fragment.msn === 3) fragment.independent = false
    const window = openWindow()
    expect(fold(window, left).length).toBeGreaterThan(0)
    for (const name of ['source', 'audio']) expect(parseMedia(renderMedia(window, name, 'newest') ?? '').losses.map(({ id }) => id)).toEqual(['loss-4'])
  })

  it('never throws and never waits on records that say what cannot be', () => {
    fc.assert(fc.property(shapes, fc.array(fc.tuple(at, at, fc.nat(255)), { minLength: 1, maxLength: 6 }), (shape, flips) => {
      const window = openWindow()
      const encoded = randomLog(shape).map(({ seq, record }) => ({ seq, data: toBinary(MediaRecordSchema, record) }))
      for (const [record, place, value] of flips) {
        const data = encoded[Math.floor(record * encoded.length)]?.data
        if (data !== undefined) data[Math.floor(place * data.length)] = value
      }
      for (const { seq, data } of encoded) {
        let record: LoggedRecord['record']
        try {
          record = fromBinary(MediaRecordSchema, data)
        } catch {
          continue
        }
        applyRecord(window, seq, record)
      }
      for (const name of window.renditions.keys()) renderMedia(window, name, 'newest')
    }), { numRuns: 60, examples: [[breaksOffAtOnce, [[0.319, 0.272, 80]]]] })
  })
})
