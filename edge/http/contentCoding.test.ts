import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { chooseCoding, encodeAll } from './contentCoding.ts'

const text = Buffer.from('a line of a script that is said again and again\n'.repeat(100))

test('text is packed so that it comes out again, and smaller', async () => {
  const coded = await encodeAll(text, 'text/javascript')
  expect([...coded.keys()].sort()).toEqual(['br', 'gzip', 'identity'])
  expect(brotliDecompressSync(coded.get('br') ?? '')).toEqual(text)
  expect(gunzipSync(coded.get('gzip') ?? '')).toEqual(text)
  expect(coded.get('br')?.byteLength).toBeLessThan(text.byteLength / 5)
})

test.each([
  ['a picture', text, 'image/png'],
  ['what is hardly anything', text.subarray(0, 40), 'text/html'],
])('%s stays as it is', async (_what, bytes, type) => {
  expect([...(await encodeAll(bytes, type)).keys()]).toEqual(['identity'])
})

test('a drawing is text', async () => {
  expect((await encodeAll(text, 'image/svg+xml')).has('br')).toBe(true)
})

const everything = new Map([['identity', text], ['gzip', text], ['br', text]] as const)

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['GZIP ; Q=1', 'gzip'],
  ['*', 'br'],
  ['*;q=0', 'identity'],
  ['br;q=0, *', 'gzip'],
  ['deflate', 'identity'],
  ['br;q=lots', 'identity'],
  [',;=,', 'identity'],
  ['', 'identity'],
])('whoever says %j gets %s', (acceptEncoding, coding) => {
  expect(chooseCoding(acceptEncoding, everything)).toBe(coding)
})

test('nobody gets a coding that is not there', () => {
  expect(chooseCoding('br, gzip', new Map([['identity', text]]))).toBe('identity')
})
