import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { StreamFigures } from '../viewers/LiveFigures.ts'
import { StreamNews } from './streamNews.ts'

const calm: StreamFigures = { viewers: 3, lag_ms: 20, latency_ms: 90, publishing: true }
const entry = (change: object = {}) => create(StreamStateSchema, { streamId: 'garden', status: StreamStatus.LIVE, publishing: true, renditions: [{ name: 'source' }], ...change })
const live = entry()

/** Tells of a stream at 0 ms, then asks whether a change is told at each time. */
const toldOf = (changed: { readonly entry?: typeof live; readonly figures?: Partial<StreamFigures> }, times: ReadonlyArray<number>): ReadonlyArray<boolean> => {
  const news = new StreamNews()
  expect(news.look('garden', { entry: live, figures: calm }, 0)).toBe(true)
  return times.map((now_ms) => news.look('garden', { entry: changed.entry ?? live, figures: { ...calm, ...changed.figures } }, now_ms))
}

describe('what is told of a stream', () => {
  it('is its first sight, and nothing more while nothing changes', () => {
    expect(toldOf({}, [1, 5_000, 60_000])).toEqual([false, false, false])
  })

  it('is a change of its state at once, also one right behind another', () => {
    expect(toldOf({ entry: entry({ status: StreamStatus.ENDED }) }, [1, 2_000])).toEqual([true, false])
    expect(toldOf({ figures: { publishing: false } }, [1])).toEqual([true])
    expect(toldOf({ entry: entry({ renditions: [] }) }, [1])).toEqual([true])
  })

  it('is any other change once a second', () => {
    expect(toldOf({ entry: entry({ lostChunks: 4n }) }, [1, 999, 1_000, 2_500])).toEqual([false, false, true, false])
    expect(toldOf({ figures: { viewers: 4 } }, [999, 1_000, 3_000])).toEqual([false, true, false])
  })

  it('is no lag or latency that only jitters', () => {
    expect(toldOf({ figures: { lag_ms: 60, latency_ms: 70 } }, [5_000])).toEqual([false])
    expect(toldOf({ figures: { lag_ms: 400 } }, [5_000])).toEqual([true])
    expect(toldOf({ figures: { lag_ms: undefined } }, [5_000])).toEqual([true])
  })
})

it('streams that have ended are looked at for a while, and live ones for as long as they are', () => {
  const news = new StreamNews()
  news.look('garden', { entry: live, figures: calm }, 0)
  news.look('street', { entry: entry({ status: StreamStatus.ENDED }), figures: calm }, 0)
  expect(news.watched(20_000)).toEqual(['garden', 'street'])
  expect(news.watched(40_000)).toEqual(['garden'])
  news.forget('garden')
  expect(news.watched(40_000)).toEqual([])
})
