import { afterEach, expect, test, vi } from 'vitest'
import { type OpenStorage, readKept, writeKept } from './keptStream.ts'

const storageOf = (text?: string): OpenStorage => {
  let kept = text ?? null
  return () => ({ getItem: () => kept, setItem: (_, value) => void (kept = value), removeItem: () => void (kept = null) })
}
const stream = { recordingId: 'cam', publisherToken: 'secret', title: 'Cam', startedAt_ms: 5 }

afterEach(() => vi.restoreAllMocks())

test('a stream is found again after a reload, until it is forgotten', () => {
  const storage = storageOf()
  writeKept(storage, stream)
  expect(readKept(storage)).toEqual(stream)
  writeKept(storage, undefined)
  expect(readKept(storage)).toBeUndefined()
})

test.each(['{}', 'null', '7', '{', JSON.stringify({ ...stream, recordingId: '../x' }), JSON.stringify({ ...stream, publisherToken: 1 })])('%s is no stream', (text) => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  expect(readKept(storageOf(text))).toBeUndefined()
})

test('a browser that keeps nothing is no trouble', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const refusing = (): never => {
    throw new DOMException('no', 'SecurityError')
  }
  for (const open of [refusing, () => ({ getItem: refusing, setItem: refusing, removeItem: refusing })]) {
    writeKept(open, stream)
    expect(readKept(open)).toBeUndefined()
  }
  expect(warn).toHaveBeenCalledTimes(4)
})
