import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Manifest } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'

const firstLoad_bytes_max = 150_000
const entry = 'index.html'

let folder: string
let manifest: Manifest

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-first-load-'))
  await build({ root: import.meta.dirname, configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder, manifest: 'manifest.json' } })
  manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** Files that a chunk brings with it before it runs. */
const filesOf = (name: string, known = new Set<string>()): ReadonlySet<string> => {
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`nothing was built of ${name}`)
  if (known.has(chunk.file)) return known
  for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) known.add(file)
  for (const imported of chunk.imports ?? []) filesOf(imported, known)
  return known
}

const compressed_bytes = (files: Iterable<string>): number => [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).byteLength, 0)

const pages = (): ReadonlyArray<string> => Object.keys(manifest).filter((name) => name.startsWith('src/pages/'))

test('every page is loaded by itself', () => {
  expect(pages()).toEqual(expect.arrayContaining(['src/pages/HomePage.tsx', 'src/pages/WatchPage.tsx', 'src/pages/NotFoundPage.tsx']))
  const alone = filesOf(entry)
  for (const page of pages()) expect(alone.has(manifest[page]?.file ?? ''), page).toBe(false)
})

test('whichever page is opened first, it is there with at most 150 KB, before the player', () => {
  for (const page of pages()) {
    const files = filesOf(page, new Set([...filesOf(entry), entry]))
    expect(compressed_bytes(files), `${page}: ${[...files].join(', ')}`).toBeLessThanOrEqual(firstLoad_bytes_max)
  }
})
