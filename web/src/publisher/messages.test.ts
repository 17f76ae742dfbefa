import { expect, test } from 'vitest'
import { TITLE_LENGTH_MAX } from './limits.ts'
import { cleanTitle, readEdgeMessage, viewersIn } from './messages.ts'

test('an ack is read, and what is no ack is not taken for one', () => {
  expect(readEdgeMessage('{"type":"ack","seq":3,"bytes":9}')).toEqual({ type: 'ack', seq: 3, bytes: 9 })
  expect(readEdgeMessage('{"type":"ack","seq":-1,"bytes":9}')).toEqual({ type: 'other' })
  expect(readEdgeMessage('{"type":"ack","seq":"3"}')).toEqual({ type: 'other' })
})

test.each(['', '{', 'null', '[]', '"ack"', '{"type":"toString"}'])('%s is nothing that this page heeds', (text) => {
  expect(readEdgeMessage(text)).toEqual({ type: 'other' })
})

test('a title loses what the edge would refuse it for, and nothing else', () => {
  expect(cleanTitle('  <b>Hi</b>\u0000\n there \u{1F44B} \u05E9\u05DC\u05D5\u05DD ')).toBe('<b>Hi</b>  there \u{1F44B} \u05E9\u05DC\u05D5\u05DD')
  expect(cleanTitle('a\ud800b')).toBe('a b')
  expect(cleanTitle('x'.repeat(10_000)).length).toBe(TITLE_LENGTH_MAX)
})

test('a title is not cut within a character', () => {
  expect(cleanTitle('x'.repeat(TITLE_LENGTH_MAX - 1) + '\u{1F44B}')).toBe('x'.repeat(TITLE_LENGTH_MAX - 1))
})

test('what is said of viewers counts for the stream that it is of', () => {
  const said = (type: 'viewerCount' | 'viewerJoined' | 'viewerLeft', viewerCount: number) => ({ type, recordingId: 'cam', viewerCount })
  expect([said('viewerCount', 5), said('viewerJoined', 6), said('viewerLeft', 0)].map((message) => viewersIn(message, 'cam'))).toEqual([5, 6, 0])
  expect(viewersIn(said('viewerCount', 5), 'other')).toBeUndefined()
  expect(viewersIn({ type: 'stopped', duration: 5 }, 'cam')).toBeUndefined()
})
