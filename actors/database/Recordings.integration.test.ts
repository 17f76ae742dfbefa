import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { Effect } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseUrl } from '../../deploy/local/testing/services.ts'
import { type ArchivedSegment, Recordings, type RecordingOutcome, type RecordingSeed } from './Recordings.ts'
import { openDatabase } from './testing/openDatabase.ts'

const seed = (id: string): RecordingSeed => ({ id, title: `<b>${id}</b> \u202e ☃`, keyPrefix: `recordings/2026/02/28/${id}/`, createdAt_ms: 1_772_236_800_123 })

const segment = (msn: number, change: Partial<ArchivedSegment> = {}): ArchivedSegment => ({
  rendition: 'source', msn, init: 0, start: 2 ** 40 + msn * 180_000, duration: 180_000, timescale: 90_000, programDateTime_ms: 1_772_236_800_123 + msn * 2_000,
  discontinuities: 0, frames: 60, bytes: 1_000 + msn, objectKey: `k/segment_0000${msn}.m4s`, reason: '', firstSeq: 10 + msn, lastSeq: 12 + msn, fenceToken: 7, ...change
})

const outcome: RecordingOutcome = {
  status: 'ready', endedAt_ms: 1_772_236_810_000, duration_ms: 4_000, reason: '', fenceToken: 99,
  renditions: [{ name: 'source', kind: 'video', codec: 'avc1.42c01f', width: 640, height: 480, channels: 0, bandwidth: 1_000, averageBandwidth: 900, frameRate: 20, segments: 2, frames: 120 }]
}

/** A way to the database that, once armed, lets a `COMMIT` through, waits for its answer, and breaks the connection instead of giving it. */
const losesAnswerToCommit = async (url: string) => {
  const target = new URL(url)
  const { port, hostname } = target
  let lost = 0
  let armed = false
  const server = createServer((client) => {
    const database = connect(Number(port), hostname)
    let committing = false
    client.on('data', (bytes) => {
      committing ||= armed && bytes.includes('COMMIT')
      database.write(bytes)
    })
    database.on('data', (bytes) => {
      if (!committing || !bytes.includes('COMMIT')) return void client.write(bytes)
      lost += 1
      armed = false
      database.destroy()
      client.destroy()
    })
    for (const [socket, other] of [[client, database], [database, client]] as const) {
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  target.port = String((server.address() as AddressInfo).port)
  return { url: target.href, arm: () => (armed = true), lost: () => lost, close: () => server.close() }
}

describe('recordings in the database', () => {
  let url: string
  let runtime: ReturnType<typeof openDatabase>
  let recordings: Recordings['Service']
  beforeAll(async () => {
    url = await databaseUrl()
    runtime = openDatabase(url)
    recordings = await runtime.runPromise(Recordings)
  })
  afterAll(() => runtime.dispose())
  const run = Effect.runPromise

  it('begins a recording with its first segment, whichever that is', async () => {
    await run(recordings.addSegment(seed('first'), segment(3)))
    expect(await run(recordings.get('first'))).toMatchObject({ ...seed('first'), status: 'live', endedAt_ms: null, renditions: [] })
    expect(await run(recordings.segment('first', 'source', 3))).toEqual(segment(3))
    expect(await run(recordings.segment('first', 'source', 4))).toBeUndefined()
    expect(await run(recordings.get('nobody'))).toBeUndefined()
  })

  it('changes nothing when a segment comes again', async () => {
    expect(await run(recordings.addSegment(seed('again'), segment(0)))).toBe(true)
    expect(await run(recordings.addSegment(seed('again'), segment(0)))).toBe(false)
    expect(await run(recordings.segments('again'))).toEqual([segment(0)])
  })

  it('lists segments by rendition and number', async () => {
    for (const msn of [2, 10, 0, 1]) await run(recordings.addSegment(seed('order'), segment(msn)))
    await run(recordings.addSegment(seed('order'), segment(0, { rendition: 'audio' })))
    expect((await run(recordings.segments('order'))).map(({ rendition, msn }) => `${rendition} ${msn}`)).toEqual(['audio 0', 'source 0', 'source 1', 'source 2', 'source 10'])
  })

  it('refuses a segment of an older fencing token and takes one of a newer', async () => {
    await run(recordings.addSegment(seed('fence'), segment(0, { fenceToken: 7, bytes: 1 })))
    expect(await run(recordings.addSegment(seed('fence'), segment(0, { fenceToken: 6, bytes: 2 })))).toBe(false)
    expect(await run(recordings.segment('fence', 'source', 0))).toMatchObject({ bytes: 1, fenceToken: 7 })
    expect(await run(recordings.addSegment(seed('fence'), segment(0, { fenceToken: 8, bytes: 3 })))).toBe(true)
    expect(await run(recordings.segment('fence', 'source', 0))).toMatchObject({ bytes: 3, fenceToken: 8 })
  })

  it('never lets a lost segment replace an archived one, but the other way round', async () => {
    const lost = segment(0, { objectKey: null, reason: 'damaged' })
    expect(await run(recordings.addSegment(seed('lost'), lost))).toBe(true)
    expect(await run(recordings.addSegment(seed('lost'), segment(0)))).toBe(true)
    expect(await run(recordings.addSegment(seed('lost'), lost))).toBe(false)
    expect(await run(recordings.segment('lost', 'source', 0))).toEqual(segment(0))
  })

  it('concludes a recording with what its segments add up to, once', async () => {
    await run(recordings.addSegment(seed('done'), segment(0)))
    await run(recordings.addSegment(seed('done'), segment(1)))
    await run(recordings.addSegment(seed('done'), segment(2, { objectKey: null, frames: 60, bytes: 5 })))
    expect(await run(recordings.conclude(seed('done'), outcome))).toBe(true)
    expect(await run(recordings.conclude(seed('done'), outcome))).toBe(false)
    const concluded = { ...seed('done'), ...outcome, segments: 3, lostSegments: 1, frames: 180, bytes: 2_001 }
    expect(await run(recordings.get('done'))).toEqual(concluded)
    expect(await run(recordings.conclude(seed('done'), { ...outcome, fenceToken: 98, status: 'failed' }))).toBe(false)
    expect(await run(recordings.conclude(seed('done'), { ...outcome, fenceToken: 100, status: 'ended' }))).toBe(false)
    expect(await run(recordings.get('done'))).toEqual(concluded)
  })

  it('concludes a recording that never had a segment', async () => {
    await run(recordings.conclude(seed('empty'), { ...outcome, status: 'failed', reason: 'no \0media', renditions: [] }))
    expect(await run(recordings.get('empty'))).toMatchObject({ status: 'failed', reason: 'no media', segments: 0, bytes: 0 })
  })

  it('keeps one row when many workers add the same segments of a new recording at once', async () => {
    const adds = Array.from({ length: 40 }, (_, index) => recordings.addSegment(seed('crowd'), segment(index % 5)))
    const written = await run(Effect.all(adds, { concurrency: 8 }))
    expect(written.filter(Boolean)).toHaveLength(5)
    expect(await run(recordings.segments('crowd'))).toHaveLength(5)
  })

  it('has written once what was committed although the answer was lost', async () => {
    const proxy = await losesAnswerToCommit(url)
    const cut = openDatabase(proxy.url, 1)
    const through = await cut.runPromise(Recordings)
    await run(through.get('nobody'))
    proxy.arm()
    await run(through.addSegment(seed('unknown'), segment(0)))
    expect(proxy.lost()).toBe(1)
    expect(await run(recordings.segments('unknown'))).toEqual([segment(0)])
    await cut.dispose()
    proxy.close()
  })

  it('says which of the segments asked for have a row', async () => {
    await run(recordings.addSegment(seed('among'), segment(1)))
    await run(recordings.addSegment(seed('among'), segment(1, { rendition: 'audio' })))
    const wanted = [{ rendition: 'source', msn: 1 }, { rendition: 'source', msn: 2 }, { rendition: 'audio', msn: 2 }]
    expect(await run(recordings.segmentsAmong('among', wanted))).toEqual([{ rendition: 'source', msn: 1 }])
    expect(await run(recordings.segmentsAmong('among', []))).toEqual([])
  })

  it('lists recordings newest first', async () => {
    await run(recordings.conclude({ ...seed('newest'), createdAt_ms: 9_000_000_000_000 }, outcome))
    expect((await run(recordings.list(1))).map(({ id }) => id)).toEqual(['newest'])
  })
})
