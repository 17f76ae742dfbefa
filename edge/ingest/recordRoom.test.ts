import { describe, expect, it } from 'vitest'
import { BIG_RECORDS_SHARE_MAX, SESSIONS_SHARE_MAX } from '../../runtime/limits.ts'
import { declareLogs } from '../../runtime/topology.ts'
import { cutFrame } from './pieces.ts'
import { mediaBytes, takesRecord } from './recordRoom.ts'
import type { Frame, IngestBody } from './sessionState.ts'

const frame = (size: number, pieceBytes = 4_000_000, piece = 0): Frame => ({ seq: 0, offset: 0, bytes: new Uint8Array(size), received_ms: 0, ranges: cutFrame(size, pieceBytes), piece, firstSeq: 0 })
const frames = (...of: ReadonlyArray<Frame>): IngestBody => ({ _tag: 'Frames', session: 1, epoch: 0, mimeType: 'video/webm', frames: of })
const open: IngestBody = { _tag: 'Open', position: { session: 1, epoch: 0, nextSeq: 0, nextOffset: 0, mimeType: 'video/webm', halfFirstSeq: 0 }, edge: 'edge' }
const end: IngestBody = { _tag: 'End', session: 1 }

describe('the smallest log that an installation may have', () => {
  const bytesMax = declareLogs({ shards: 4, replicas: 1, bytes: 64 * 1024 ** 2, messageBytesMax: 1024 ** 2 }).find(({ name }) => name === 'INGEST_0')?.bytesMax ?? 0
  const takes = (held: number, body: IngestBody): boolean => takesRecord(held / bytesMax, Math.max(0, BIG_RECORDS_SHARE_MAX * bytesMax - held), body)

  it('takes no frame at 94.9 % that would leave no room for what begins and ends sessions', () => {
    const held = 0.949 * bytesMax
    expect(takes(held, frames(frame(290_000)))).toBe(false)
    expect(takes(held, frames(frame(145_000), frame(145_000)))).toBe(false)
    expect(takes(held, frames(frame(1_000)))).toBe(true)
    expect(takes(held, end)).toBe(true)
  })

  it('has room for sessions however it was filled with frames', () => {
    let held = 0
    for (const size of [290_000, 60_000, 1_000]) while (takes(held, frames(frame(size)))) held += size
    expect(held / bytesMax).toBeLessThanOrEqual(BIG_RECORDS_SHARE_MAX)
    expect(held / bytesMax).toBeGreaterThan(BIG_RECORDS_SHARE_MAX - 0.01)
    expect([open, end].map((body) => takes(held, body))).toEqual([true, true])
    expect([open, end].map((body) => takes(SESSIONS_SHARE_MAX * bytesMax, body))).toEqual([false, true])
  })
})

it('a log of which nothing is known takes everything, one that has refused a record only what ends streams', () => {
  expect(takesRecord(0, Number.POSITIVE_INFINITY, frames(frame(4_000_000)))).toBe(true)
  expect(takesRecord(1, 1_000_000, frames(frame(1)))).toBe(false)
  expect(takesRecord(1, 1_000_000, end)).toBe(true)
})

it('a frame in pieces is as many records, each as big as its piece', () => {
  expect([0, 1, 2].map((piece) => mediaBytes(frames(frame(250, 100, piece))))).toEqual([100, 100, 50])
  expect([mediaBytes(frames(frame(0))), mediaBytes(end)]).toEqual([0, 0])
})
