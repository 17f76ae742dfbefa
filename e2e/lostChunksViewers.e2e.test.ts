import { existsSync } from 'node:fs'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { connectionOptions } from '../deploy/local/testing/natsOptions.ts'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { logSubject } from '../runtime/topology.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { usePlatform } from './kit/nodes.ts'
import { publishCamera } from './kit/publishCamera.ts'
import { beyond, screenUntil } from './kit/screenUntil.ts'

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const id = 'chunksgone'
const fps = 25
const shards = 4
let natsUrl = ''
const platform = usePlatform({ natsUrl: () => Promise.resolve((natsUrl = freshNatsUrl())) })
let nats: NatsConnection

beforeAll(async () => {
  nats = await connect(connectionOptions(natsUrl))
})
afterAll(() => nats.close())

/** Waits for records that nobody has read yet, and removes two of them. */
const removeChunks = async (): Promise<void> => {
  const { streams } = await nats.jetstreamManager()
  const at = logSubject('ingest', id, shards)
  const head = async (): Promise<number> => (await streams.getMessage(at.log, { last_by_subj: at.subject })).seq
  const read = await head()
  const last = await until('records come that nobody reads', async () => ((await head()) > read + 6 ? head() : undefined), 15_000)
  await streams.deleteMessage(at.log, last - 2)
  await streams.deleteMessage(at.log, last - 3)
}

test.runIf(mayScreen)('hls.js and the Watch page in Chromium go on behind chunks that are gone, by themselves', async () => {
  const edge = await platform.start({ roles: 'edge,archive' })
  const owner = await platform.start({ roles: 'actors', name: 'owner' })
  const playlist = `${edge.url}/live/${id}/index.m3u8`
  const filming = await publishCamera(edge.url, { camera: { width: 320, height: 180, fps, frames: 1_000, codec: 'h264' }, stream: { recordingId: id } })
  await until('the stream is live', async () => ((await fetch(playlist)).ok ? true : undefined), 30_000)
  const browser = await launchChromium()
  try {
    const viewers = [{ playlist }, `${edge.url}/watch/${id}`].map((page) => screenUntil(browser, page, 35_000))
    await Promise.all(viewers.map(({ begun }) => begun))
    owner.signal('SIGKILL')
    await removeChunks()
    const behind = filming.framesTaken() + 2 * fps
    await platform.start({ roles: 'actors', name: 'successor' })
    const summaries = await Promise.all(viewers.map((viewer) => viewer.until(beyond(behind))))
    for (const seen of summaries) {
      expect(Object.keys(seen.notes).filter((note) => note.startsWith('fatal') || note === 'error')).toEqual([])
      expect(seen, JSON.stringify(seen)).toMatchObject({ unreadable: 0, backwards: 0 })
      expect(seen.lastFrame, JSON.stringify(seen)).toBeGreaterThan(behind)
    }
    const state: unknown = await (await fetch(`${edge.url}/api/streams/${id}`)).json()
    expect(state).toMatchObject({ losses: [{ kind: 'missing' }] })
  } finally {
    await browser.close()
    await filming.stop()
  }
})
