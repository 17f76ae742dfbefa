import { expect, test } from 'vitest'
import type { Stream, StreamStatus } from '../api/stream.ts'
import { liveOf, RECORDINGS_SHOWN, recordingsOf } from './homeLists.ts'

const stream = (id: string, status: StreamStatus, minute = 0, viewers = 0): Stream =>
  ({ id, title: id, status, state: status, viewers, isPublishing: status === 'live', startedAt: `2026-01-02T03:${String(minute).padStart(2, '0')}:00.000Z`, renditions: [], playlist: '' })

const idsOf = (streams: ReadonlyArray<Stream>): string => streams.map(({ id }) => id).join(' ')

test('what most people watch comes first, then the newest', () => {
  const streams = [stream('old', 'live', 1), stream('over', 'ended', 9), stream('liked', 'live', 0, 7), stream('new', 'live', 5)]
  expect(idsOf(liveOf(streams, []))).toBe('liked new old')
})

test('what is shown keeps its place, newcomers stand behind it, what has ended leaves', () => {
  const shown = [stream('b', 'live', 2), stream('gone', 'live', 1), stream('a', 'live', 0)]
  const streams = [stream('a', 'live', 0, 50), stream('b', 'live', 2), stream('gone', 'ended', 1), stream('early', 'live', 3, 9), stream('late', 'live', 4)]
  expect(idsOf(liveOf(streams, shown))).toBe('b a late early')
})

test('the newest recordings are shown, and no more than there is room for', () => {
  const streams = Array.from({ length: 40 }, (_, minute) => stream(`r${minute}`, minute === 39 ? 'failed' : 'archived', minute))
  const shown = recordingsOf(streams)
  expect(shown.length).toBe(RECORDINGS_SHOWN)
  expect([shown[0]?.id, shown[1]?.id]).toEqual(['r38', 'r37'])
})
