import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyEvent, readEvent, type StreamMap, streamsKept_max } from './streamEvents.ts'

const entry = (id: string, more: object = {}): object => ({ id, title: id, status: 'live', state: 'live', publishing: true, startedAt: '', renditions: [], viewers: 1, ...more })

const after = (...messages: ReadonlyArray<object>): StreamMap | undefined =>
  messages.reduce<StreamMap | undefined>((streams, message) => {
    const event = readEvent(JSON.stringify(message))
    return event ? applyEvent(streams, event) : streams
  }, undefined)

const listed = { type: 'streams', streams: [entry('a'), entry('b')] }

test('a list replaces all that was known before, as after a reconnection', () => {
  expect([...(after(listed, { type: 'streams', streams: [entry('c')] })?.keys() ?? [])]).toEqual(['c'])
})

test('an entry that changed or came new is known as it is now', () => {
  const streams = after(listed, { type: 'streamUpdated', stream: entry('a', { status: 'ended', state: 'ended' }) }, { type: 'streamUpdated', stream: entry('c') })
  expect(streams?.get('a')?.state).toBe('ended')
  expect([...(streams?.keys() ?? [])]).toEqual(['a', 'b', 'c'])
})

test('a removed entry is gone', () => {
  expect(after(listed, { type: 'streamRemoved', recordingId: 'a' })?.has('a')).toBe(false)
})

test('the sum over all edges is the count that is shown, not what one edge sees', () => {
  const joined = { type: 'viewerJoined', recordingId: 'a', viewerId: 'x', viewerCount: 7 }
  expect(after(listed, joined)?.get('a')?.viewers).toBe(1)
  expect(after(listed, { type: 'viewerCount', recordingId: 'a', viewerCount: 12 })?.get('a')?.viewers).toBe(12)
})

test('nothing is known before the first list', () => {
  expect(after({ type: 'streamUpdated', stream: entry('a') })).toBeUndefined()
})

test('whatever text comes is read or left alone, and never breaks the page', () => {
  const value = fc.letrec((tie) => ({ any: fc.oneof(fc.jsonValue(), fc.record({ type: fc.constantFrom('streams', 'streamUpdated', 'event', 'viewerCount'), streams: tie('any'), stream: tie('any'), recordingId: fc.jsonValue() })) }))
  fc.assert(
    fc.property(fc.oneof(fc.string(), value.any.map((each) => JSON.stringify(each))), (text) => {
      const event = readEvent(text)
      if (event) applyEvent(new Map(), event)
    }),
  )
})

test('a page that stays open for a year keeps a bounded number of streams, those that are live the longest', () => {
  let streams = after({ type: 'streams', streams: [entry('live')] })
  for (let n = 0; n < streamsKept_max + 100; n++) {
    const event = readEvent(JSON.stringify({ type: 'streamUpdated', stream: entry(`over-${n}`, { status: 'ended', state: 'ended' }) }))
    streams = event && applyEvent(streams, event)
  }
  expect(streams?.size).toBe(streamsKept_max)
  expect(streams?.has('live')).toBe(true)
})
