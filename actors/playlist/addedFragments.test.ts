import { fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { applyRecord } from './applyRecord.ts'
import { openWindow } from './liveWindow.ts'
import type { PlacedFragment } from './liveWindow.ts'
import { randomLog } from './testing/randomLog.ts'
import type { LoggedRecord, LogShape } from './testing/randomLog.ts'

const shapes: fc.Arbitrary<LogShape> = fc.record({
  renditions: fc.constantFrom<LogShape['renditions']>(['source', 'audio'], ['source', '720p', 'audio'], ['audio']),
  windowSegments: fc.integer({ min: 3, max: 8 }),
  framesPerRecord: fc.integer({ min: 1, max: 12 }),
  takeOverEvery: fc.constantFrom(0, 9, 40),
  discontinuityEvery: fc.constantFrom(0, 60),
  piecesEvery: fc.constantFrom(0, 4),
  segments: fc.integer({ min: 3, max: 10 }),
  end: fc.boolean(),
  seed: fc.integer()
})

const harms = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), how: fc.constantFrom<'gone' | 'spoilt'>('gone', 'spoilt') }), { maxLength: 4 })

const read = ({ record }: LoggedRecord): LoggedRecord['record'] => fromBinary(MediaRecordSchema, toBinary(MediaRecordSchema, record))

/** The last fragment's bytes alone have changed: what comes before it in its record is healthy. */
const spoilt = (entry: LoggedRecord): LoggedRecord => {
  const record = read(entry)
  const last = record.body.case === 'fragments' ? record.body.value.fragments.at(-1) : undefined
  if (last !== undefined) last.data = last.data.map((byte) => byte ^ 1)
  return { seq: entry.seq, record }
}

const harm = (log: ReadonlyArray<LoggedRecord>, all: typeof harms extends fc.Arbitrary<infer A> ? A : never): ReadonlyArray<LoggedRecord> =>
  log.flatMap((entry, index) => {
    const found = all.find(({ at }) => Math.floor(at * (log.length - 1)) === index)
    return found === undefined ? [entry] : found.how === 'gone' ? [] : [spoilt(entry)]
  })

it('tells of each fragment once, with the record that brought it: what is listed later is made of just those', () => {
  fc.assert(fc.property(shapes, harms, (shape, all) => {
    const window = openWindow()
    const told = new Map<object, Array<Uint8Array>>()
    for (const entry of harm(randomLog(shape), all)) {
      for (const { part, fragment } of applyRecord(window, entry.seq, read(entry)).added) told.set(part, [...(told.get(part) ?? []), fragment.data])
    }
    for (const { segments } of window.renditions.values()) {
      for (const segment of segments.values()) {
        for (const part of segment.parts) if (part.data !== undefined) expect(Buffer.concat(told.get(part) ?? []).equals(part.data)).toBe(true)
      }
    }
  }), { numRuns: 30 })
})

/** Of its third record on, everything belongs to the first part, of which viewers have a fragment and no playlist tells. */
const beginning: LogShape = {
  renditions: ['source', 'audio'], windowSegments: 3, framesPerRecord: 1, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 6, end: false, seed: 0
}

it('goes on behind what is missing only with a random-access fragment of a segment that says so', () => {
  let leaps = 0
  fc.assert(fc.property(shapes, harms, (shape, all) => {
    const window = openWindow()
    const before = new Map<string, PlacedFragment>()
    for (const entry of harm(randomLog(shape), all)) {
      for (const added of applyRecord(window, entry.seq, read(entry)).added) {
        const { rendition, segment, fragment } = added
        const last = before.get(rendition.name)
        before.set(rendition.name, added)
        if (last === undefined || fragment.start === last.fragment.start + last.fragment.duration) continue
        leaps += 1
        expect(fragment.independent || rendition.kind === TrackKind.AUDIO).toBe(true)
        expect(segment.discontinuities).toBeGreaterThan(last.segment.discontinuities)
      }
    }
  }), { numRuns: 100, examples: [[beginning, [{ at: 0.008, how: 'gone' }]]] })
  expect(leaps).toBeGreaterThan(10)
})
