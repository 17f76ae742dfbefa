import { expect, test } from 'vitest'
import type { PublisherView } from './createPublisher.ts'
import { failureWords, formatBytes, formatRate, wordsOf } from './words.ts'

const figures = { storedChunks: 9, storedBytes: 9, waitingChunks: 1, waitingBytes: 1, waiting_s: 0.1, kept_s: 0.1, lostChunks: 0 }
const view = (change: Partial<Omit<PublisherView, 'figures'>> & { readonly figures?: Partial<PublisherView['figures']> } = {}): PublisherView => ({
  phase: 'live', ending: undefined, failure: undefined, bitsPerSecond: 0, viewers: 0, isFull: false, isStopping: false, ...change, figures: { ...figures, ...change.figures },
})

test('who is live and stored has nothing to worry about', () => {
  expect(wordsOf(view())).toMatchObject({ title: 'Stored as you go', tone: 'calm' })
})

test('a lost connection says how much is kept', () => {
  expect(wordsOf(view({ phase: 'reconnecting', figures: { waiting_s: 14, kept_s: 12.34 } }))).toMatchObject({ tone: 'bad', detail: expect.stringContaining('12 s are kept') })
})

test('what no more fits says how much is kept, and that the rest is not recorded, until the stream is being ended', () => {
  expect(wordsOf(view({ isFull: true, figures: { waiting_s: 300, kept_s: 100 } })).detail).toMatch(/^100 s are kept.*not recorded/)
  expect(wordsOf(view({ isFull: true, isStopping: true })).title).toBe('Ending the stream')
})

test('a slow connection is told from a lost one', () => {
  expect(wordsOf(view({ figures: { waiting_s: 5 } })).detail).toContain('smaller picture')
})

test('loss is never silent', () => {
  expect(wordsOf(view({ figures: { lostChunks: 3 } }))).toMatchObject({ title: expect.stringContaining('lost'), tone: 'bad' })
  expect(wordsOf(view({ isFull: true })).tone).toBe('bad')
})

test('a refusal passes on what the server said', () => {
  expect(failureWords({ kind: 'noRoom', words: 'the log is full' }).detail).toContain('the log is full')
  expect(failureWords({ kind: 'refused', words: '' }).detail).not.toContain(': .')
})

test('figures have the units that people know', () => {
  expect([formatRate(2_512_000), formatRate(640_400), formatBytes(12_440_000), formatBytes(1_204_000_000)]).toEqual(['2.5 Mb/s', '640 kb/s', '12.4 MB', '1.20 GB'])
})
