import { expect, test } from 'vitest'
import type { Stream, StreamStatus } from '../api/stream.ts'
import { lagOf, nextSource, noticeOf, type Source, withPublisherAway } from './watchState.ts'

const stream = (status: StreamStatus): Stream => ({ id: 's', title: 's', status, state: status, isPublishing: true, startedAt: '', renditions: [], playlist: '/live/s/index.m3u8' })
const live: Source = { id: 's', url: '/live/s/index.m3u8', live: true }
const recording: Source = { id: 's', url: '/recordings/s/index.m3u8', live: false }

test('a live stream plays live, an archived one from its recording', () => {
  expect(nextSource(undefined, stream('live'), 'loading', false)).toEqual(live)
  expect(nextSource(undefined, stream('archived'), 'loading', false)).toEqual(recording)
})

test('a stream that begins while somebody waits for it begins to play', () => {
  expect(nextSource(undefined, 'unknown', 'loading', false)).toBeUndefined()
  expect(noticeOf('unknown', false, undefined, 'loading')?.title).toBe('There is no stream here yet')
  expect(nextSource(undefined, stream('live'), 'loading', false)).toEqual(live)
})

test('the end of a stream does not cut off who is watching its last seconds', () => {
  expect(nextSource(live, stream('ended'), 'playing', false)).toBe(live)
  expect(nextSource(live, stream('archived'), 'playing', false)).toBe(live)
})

test('after the end the recording is offered once it is there, and plays when it is wanted', () => {
  expect(noticeOf(stream('ended'), false, live, 'ended')).toMatchObject({ title: 'The stream has ended' })
  expect(noticeOf(stream('ended'), false, live, 'ended')?.offersRecording).toBeUndefined()
  expect(noticeOf(stream('archived'), false, live, 'ended')).toMatchObject({ offersRecording: true })
  expect(nextSource(live, stream('archived'), 'ended', true)).toEqual(recording)
})

test('a live playback that broke is given up once the stream is over', () => {
  expect(nextSource(live, stream('ended'), 'recovering', false)).toBeUndefined()
  expect(nextSource(live, stream('archived'), 'recovering', false)).toEqual(recording)
  expect(nextSource(live, stream('failed'), 'loading', false)).toBeUndefined()
})

test('an answer from before the end does not play the last seconds again', () => {
  expect(nextSource(live, stream('live'), 'ended', false)).toBe(live)
  expect(noticeOf(stream('live'), false, live, 'ended')?.title).toBe('The stream has ended')
})

test('a stream that is live without media yet is about to begin, and begins by itself', () => {
  const waiting: Stream = { ...stream('live'), state: 'waiting' }
  expect(nextSource(undefined, waiting, 'loading', false)).toBeUndefined()
  expect(noticeOf(waiting, false, undefined, 'loading')?.title).toBe('About to begin')
  expect(nextSource(undefined, stream('live'), 'loading', false)).toEqual(live)
})

test('a playback on its way to its first picture is connecting, one that broke has lost its picture', () => {
  expect(noticeOf(stream('live'), false, live, 'loading')?.title).toBe('Connecting')
  expect(noticeOf(stream('live'), false, live, 'recovering')?.title).toBe('The picture was lost')
})

test('a failed stream says why', () => {
  expect(noticeOf({ ...stream('failed'), reason: 'not a video' }, false, undefined, 'loading')).toMatchObject({ detail: 'not a video', tone: 'bad' })
})

test('a picture that stands still because its publisher is away says so, and not before it stands still', () => {
  const away: Stream = { ...stream('live'), state: 'reconnecting', isPublishing: false }
  for (const phase of ['stalled', 'recovering', 'loading'] as const) expect(noticeOf(away, false, live, phase)?.title).toBe('Reconnecting')
  expect(noticeOf(away, false, live, 'playing')).toBeUndefined()
  expect(noticeOf(stream('live'), false, live, 'stalled')).toBeUndefined()
})

test('a live picture that has stood still for long says so, a recording waits in silence', () => {
  expect(noticeOf(stream('live'), false, live, 'stalled', true)?.title).toBe('The picture stands still')
  expect(noticeOf(stream('live'), false, live, 'playing', true)).toBeUndefined()
  expect(noticeOf(stream('archived'), false, recording, 'stalled', true)).toBeUndefined()
})

test('what the playback hears of the publisher counts for a stream that is live, and for no other', () => {
  expect(withPublisherAway(stream('live'), true)).toMatchObject({ state: 'reconnecting' })
  expect(withPublisherAway(stream('live'), false)).toMatchObject({ state: 'live' })
  expect(withPublisherAway(stream('ended'), true)).toMatchObject({ state: 'ended' })
  expect(withPublisherAway('unknown', true)).toBe('unknown')
})

test('an encoder that is behind is told of, one that keeps up is not, nor one whose stream is over', () => {
  expect(lagOf({ ...stream('live'), lag_ms: 3_200 })).toBe('The encoder is 3 s behind')
  expect(lagOf({ ...stream('live'), lag_ms: 400 })).toBeUndefined()
  expect(lagOf(stream('live'))).toBeUndefined()
  expect(lagOf({ ...stream('ended'), lag_ms: 9_000 })).toBeUndefined()
})

test('nothing is said over a moving picture, whatever the server does', () => {
  expect(noticeOf(stream('live'), true, live, 'playing')).toBeUndefined()
})

test('a server that never answered is said to be the trouble', () => {
  expect(noticeOf('asking', true, undefined, 'loading')?.title).toBe('The server does not answer')
})
