import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeIngestRecord } from '../actors/inbox/ingestRecord.ts'
import { until } from '../actors/archive/testing/until.ts'
import { connectionOptions } from '../deploy/local/testing/natsOptions.ts'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { logSubject } from '../runtime/topology.ts'
import { decodeFrames } from './kit/decode.ts'
import { capturedRuns } from './kit/hlsReader.ts'
import { usePlatform } from './kit/nodes.ts'
import { publishCamera } from './kit/publishCamera.ts'
import { readRecording } from './kit/watching.ts'

const id = 'chunks-gone'
const frames = 200
const fps = 25
const shards = 4
const at = logSubject('ingest', id, shards)
let natsUrl = ''
const platform = usePlatform({ natsUrl: () => Promise.resolve((natsUrl = freshNatsUrl())) })
let nats: NatsConnection
beforeAll(async () => {
  nats = await connect(connectionOptions(natsUrl))
})
afterAll(() => nats.close())

/** Takes the newest records out of the log, back to one of a chunk before `seq`; resolves to the first chunk that is gone. */
const loseBackTo = async (seq: number): Promise<number> => {
  const { streams } = await nats.jetstreamManager()
  for (let first = Number.POSITIVE_INFINITY; ; ) {
    const newest = await streams.getMessage(at.log, { last_by_subj: at.subject })
    const { body } = decodeIngestRecord(newest.data)
    if (body.case !== 'chunk') throw new Error('the newest record is a chunk')
    if (body.value.seq < seq) return first
    first = body.value.seq
    await streams.deleteMessage(at.log, newest.seq)
  }
}

test('acknowledged chunks that the log lost before anybody read them are recorded as a loss of just as many, and their publisher goes on', async () => {
  const edge = await platform.start({ roles: 'edge,archive' })
  const owner = await platform.start({ roles: 'actors' })
  const { publisher, finished } = await publishCamera(edge.url, { camera: { width: 320, height: 180, fps, frames, codec: 'h264', audio: false }, stream: { recordingId: id } })
  await until('the stream is live', async () => ((await fetch(`${edge.url}/live/${id}/index.m3u8`)).ok ? true : undefined), 30_000)
  owner.signal('SIGKILL')
  await owner.exited
  const unread = publisher.acknowledged() + 2
  await until('chunks come that nobody reads', () => Promise.resolve(publisher.acknowledged() >= unread + 3 ? true : undefined), 15_000)
  publisher.drop(1_000)
  await until('the edge has let the publisher go', () => Promise.resolve(edge.log().includes('publisher disconnected') ? true : undefined), 15_000)
  const acknowledged = publisher.acknowledged()
  const firstLost = await loseBackTo(acknowledged - 3)
  expect(firstLost).toBeLessThan(acknowledged)
  await platform.start({ roles: 'actors' })
  await finished
  await publisher.stop()
  expect(publisher.messages.find(({ type }) => type === 'resumed')).toMatchObject({ nextSeq: acknowledged })
  const recording = (await readRecording(edge.url, id)).get('source')
  if (recording === undefined) throw new Error('no rendition source')
  const state = await (await fetch(`${edge.url}/api/streams/${id}`)).json()
  expect(state).toMatchObject({ lostChunks: acknowledged - firstLost, losses: [{ kind: 'missing', epoch: 0, firstSeq: firstLost, chunks: acknowledged - firstLost }] })
  expect(recording.complaints).toEqual([])
  const seen = (await Promise.all(capturedRuns(recording).map((run) => decodeFrames(run)))).flatMap((run) => run.frames.map(({ label }) => label?.frame))
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(a) - Number(b)))
  expect([seen[0], seen.at(-1)]).toEqual([0, frames - 1])
  expect(seen.length).toBeLessThan(frames)
  expect(seen.length).toBeGreaterThan(frames - 3 * fps)
})
