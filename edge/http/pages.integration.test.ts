import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get as request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { rawRequest } from '../testing/rawHttp.ts'
import { startEdge } from '../testing/startEdge.ts'

const document = `<!doctype html><p>${'All of the page. '.repeat(100)}</p>`
const script = `export const said = ${JSON.stringify('over and over '.repeat(400))}`
const scriptPath = '/assets/index-Ab12_-Cd.js'

let folder: string
let edge: Awaited<ReturnType<typeof startEdge>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-pages-'))
  const pages = join(folder, 'dist')
  mkdirSync(join(pages, 'assets'), { recursive: true })
  writeFileSync(join(pages, 'index.html'), document)
  writeFileSync(join(pages, scriptPath), script)
  writeFileSync(join(pages, 'mark.png'), Buffer.alloc(2_000, 1))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  edge = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory'), settings: { pages, corsOrigins: ['https://here.example'] } })
})
afterAll(async () => {
  await edge.stop()
  rmSync(folder, { recursive: true })
})

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
}

/** As it comes over the wire: `fetch` would unpack it. */
const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> => {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => request(`${edge.url}${path}`, { headers, agent: false }, resolve).on('error', reject))
  return { status: answer.statusCode, headers: answer.headers, bytes: await buffer(answer) }
}

test.each(['/', '/live', '/watch/abc', '/index.html'])('%s is the document, to be asked about each time', async (path) => {
  const { status, headers, bytes } = await get(path)
  expect([status, headers['content-type'], headers['cache-control'], bytes.toString()]).toEqual([200, 'text/html; charset=utf-8', 'no-cache', document])
})

test('what is hashed may be kept for ever', async () => {
  const { headers } = await get(scriptPath)
  expect([headers['content-type'], headers['cache-control']]).toEqual(['text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'])
})

test('text comes packed to whoever can unpack it, and says what it depends on', async () => {
  const [brotli, gzip, plain] = await Promise.all([get(scriptPath, { 'accept-encoding': 'gzip, br' }), get(scriptPath, { 'accept-encoding': 'gzip' }), get(scriptPath)])
  expect([brotli, gzip, plain].map(({ headers }) => headers['content-encoding'])).toEqual(['br', 'gzip', undefined])
  expect([brotliDecompressSync(brotli.bytes), gunzipSync(gzip.bytes), plain.bytes].map(String)).toEqual([script, script, script])
  for (const { headers, bytes } of [brotli, gzip, plain]) {
    expect(headers['vary']).toBe('Origin, Accept-Encoding')
    expect(headers['content-length']).toBe(String(bytes.byteLength))
  }
  expect(brotli.bytes.byteLength).toBeLessThan(script.length / 10)
})

test('each coding has an entity tag of its own, and is not sent again to who has it', async () => {
  const brotli = await get('/', { 'accept-encoding': 'br' })
  const plain = await get('/')
  expect(brotli.headers.etag).not.toBe(plain.headers.etag)
  const again = await get('/', { 'accept-encoding': 'br', 'if-none-match': String(brotli.headers.etag) })
  expect([again.status, again.headers['vary'], again.bytes.byteLength]).toEqual([304, 'Origin, Accept-Encoding', 0])
  expect((await get('/', { 'accept-encoding': 'br', 'if-none-match': String(plain.headers.etag) })).status).toBe(200)
})

test('a picture is sent as it is', async () => {
  const { headers } = await get('/mark.png', { 'accept-encoding': 'br' })
  expect([headers['content-encoding'], headers['vary'], headers['content-length']]).toEqual([undefined, 'Origin', '2000'])
})

test('the document says what it may do: its own scripts, its own camera, in nobody else’s frame', async () => {
  const { headers } = await get('/watch/abc')
  const policy = String(headers['content-security-policy']).split('; ')
  expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "media-src 'self' blob:"]))
  expect(policy.join()).not.toMatch(/unsafe|\*/)
  expect(headers['permissions-policy']).toMatch(/camera=\(self\).*display-capture=\(self\).*microphone=\(self\)/)
  expect([headers['referrer-policy'], headers['x-content-type-options']]).toEqual(['same-origin', 'nosniff'])
})

const browser = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'accept-encoding': 'br' }

test('to a person the document says that nothing has an address, to a program a problem does', async () => {
  for (const path of ['/no/such/page', '/watch/a.b', '/watch/']) {
    const page = await get(path, browser)
    expect([path, page.status, page.headers['content-type'], brotliDecompressSync(page.bytes).toString()]).toEqual([path, 404, 'text/html; charset=utf-8', document])
    expect((await get(path, { ...browser, 'if-none-match': String(page.headers.etag) })).bytes).toEqual(page.bytes)
    expect(page.headers['content-security-policy']).toBeDefined()
    const problem = await get(path)
    expect([path, problem.status === 200, problem.headers['content-type']]).toEqual([path, false, 'application/problem+json'])
  }
  for (const path of ['/api/nothing', '/assets/old-12345678.js']) {
    expect([path, (await get(path, browser)).headers['content-type']]).toEqual([path, 'application/problem+json'])
  }
  expect((await rawRequest(edge.port, '/no/such/page', 'POST')).slice(0, 12)).toBe('HTTP/1.1 404')
})

test('nothing outside their folder is served', async () => {
  for (const path of ['/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/assets/%2e%2e%2f%2e%2e%2fsecret.txt']) {
    expect([path, (await rawRequest(edge.port, path)).slice(0, 12)]).toEqual([path, 'HTTP/1.1 404'])
  }
})
