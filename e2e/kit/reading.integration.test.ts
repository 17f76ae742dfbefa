import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCamera } from './camera.ts'
import { chromiumPath, launchChromium, screen } from './chromium.ts'
import { decodeAudio, decodeFrames, readPackets } from './decode.ts'
import { ffmpegPath } from './ffmpegPath.ts'
import { countFrames } from './frameCount.ts'
import { capturedRuns, readHls } from './hlsReader.ts'

const frames = 75
let folder = ''
let server: Server
let playlist = ''
let recorded: Uint8Array

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-reading-'))
  const camera = startCamera({ width: 320, height: 180, fps: 25, frames, pace: 'fast' })
  const chunks: Array<Uint8Array> = []
  for await (const chunk of camera.chunks) chunks.push(chunk.bytes)
  recorded = Buffer.concat(chunks)
  writeFileSync(join(folder, 'camera.mkv'), recorded)
  const hls = ['-c', 'copy', '-f', 'hls', '-hls_time', '1', '-hls_segment_type', 'fmp4', '-hls_playlist_type', 'vod']
  const packager = spawn(ffmpegPath, ['-v', 'error', '-i', 'camera.mkv', '-map', '0:v', ...hls, 'list.m3u8'], { cwd: folder, stdio: 'inherit' })
  await once(packager, 'exit')
  server = createServer((request, response) => response.end(readFileSync(join(folder, request.url ?? ''))))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  playlist = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/list.m3u8` : ''
})

afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

test('the camera records every picture it took, with its number, and sound', async () => {
  const { frames: decoded, complaints } = await decodeFrames([recorded])
  expect(complaints).toEqual([])
  expect(countFrames(decoded.map(({ label }) => label?.frame), [0, frames - 1])).toMatchObject({ seen: frames, missingFrames: 0, repeated: 0, unreadable: 0 })
  expect((await readPackets([recorded], 'v:0')).length).toBe(frames)
  expect((await decodeAudio([recorded])).length).toBeGreaterThan(48_000 * 2.8)
})

test('an HLS stream read over HTTP decodes to the same pictures', async () => {
  const capture = await readHls(playlist)
  expect(capture).toMatchObject({ ended: true, complaints: [] })
  const runs = capturedRuns(capture)
  expect(runs.length).toBe(1)
  const read = await decodeFrames(runs[0] ?? [])
  const source = await decodeFrames([recorded])
  expect(read.frames.map(({ md5 }) => md5)).toEqual(source.frames.map(({ md5 }) => md5))
})

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)

test.runIf(mayScreen)('Chromium plays the stream, and every presented picture tells its number and its age', async () => {
  const browser = await launchChromium()
  try {
    const summary = await screen(browser, { page: { playlist }, for_ms: 2_000, warmup_ms: 0 })
    expect(summary).toMatchObject({ unreadable: 0, backwards: 0 })
    // A browser calls back for the pictures that it presents, and may skip one while it starts.
    expect(summary.firstFrame).toBeLessThan(5)
    expect(summary.lastFrame).toBeGreaterThan(35)
    expect(summary.latency_p50_ms).toBeGreaterThan(0)
    expect(summary.notes['playing']).toBeGreaterThan(0)
  } finally {
    await browser.close()
  }
})
