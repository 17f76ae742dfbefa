import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeIngestRecord } from '../../actors/inbox/ingestRecord.ts'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { startEdge, type TestEdge } from './testing/edge.ts'
import { resumePublisher, startPublisher, TestPublisher, until } from './testing/TestPublisher.ts'

const webm = (bytes: number): Uint8Array => {
  const frame = new Uint8Array(bytes)
  frame.set([0x1a, 0x45, 0xdf, 0xa3])
  return frame
}

let edge: TestEdge
beforeAll(async () => {
  edge = await startEdge(natsUrl(), {}, 'edge-defects', undefined, {
    refusal: () => undefined,
    promise: (id) => {
      if (id === 'breaks') throw new Error('a defect')
    },
    figures: () => ({ capacity: 0, live: 0 })
  })
})
afterAll(() => edge.stop())

/** Does something hostile while another publishes, whose frames are all acknowledged before and after. */
const besideAnother = async (hostile: () => Promise<void>): Promise<void> => {
  const { publisher } = await startPublisher(edge.url)
  publisher.send(webm(100))
  await publisher.acked(0)
  const connections = edge.sessions.figures().connections
  await hostile()
  publisher.send(webm(100))
  await publisher.acked(1)
  await expect.poll(() => edge.sessions.figures().connections).toBe(connections)
  publisher.cut()
}

it('an ack that no edge can have given is refused, and nobody else notices', () =>
  besideAnother(async () => {
    const { publisher, started } = await startPublisher(edge.url)
    publisher.send(webm(100))
    await publisher.acked(0)
    publisher.cut()
    const next = await resumePublisher(edge.url, started, { seq: 0xffff_fffe, bytes: 100 })
    await until('an answer', () => next.last('resumed') !== undefined || next.closed !== undefined)
    for (let i = 0; i < 4; i++) next.send(webm(100))
    expect(await next.closing()).toBe(4400)
  }))

it('frames behind the last number that an epoch has are refused, and nobody else notices', () =>
  besideAnother(async () => {
    const { publisher, started } = await startPublisher(edge.url)
    publisher.cut()
    const at = edge.log.subject('ingest', started.recordingId)
    const head = await Effect.runPromise(edge.log.head(at))
    const open = { session: 1, epoch: 0, nextSeq: 0xffff_fffe, nextOffset: 100n, mimeType: 'video/webm' }
    await Effect.runPromise(edge.log.appender(at, head?.seq ?? 0).append(encodeIngestRecord({ body: { case: 'open', value: open } })))
    const next = await resumePublisher(edge.url, started)
    await next.heard('resumed')
    for (let i = 0; i < 4; i++) next.send(webm(100))
    expect(await next.closing()).toBe(4400)
  }))

it('a defect while a record is made closes its own session with 1011', () =>
  besideAnother(async () => {
    const { publisher, started } = await startPublisher(edge.url)
    publisher.cut()
    const at = edge.log.subject('ingest', started.recordingId)
    const head = await Effect.runPromise(edge.log.head(at))
    const open = { session: 0xffff_ffff, epoch: 0, nextSeq: 0, mimeType: 'video/webm' }
    await Effect.runPromise(edge.log.appender(at, head?.seq ?? 0).append(encodeIngestRecord({ body: { case: 'open', value: open } })))
    expect(await (await resumePublisher(edge.url, started)).closing()).toBe(1011)
  }))

it('a defect in a step of a session closes that session with 1011', () =>
  besideAnother(async () => {
    const publisher = await TestPublisher.connect(edge.url)
    publisher.say({ type: 'start', recordingId: 'breaks' })
    expect(await publisher.closing()).toBe(1011)
    expect(publisher.last('error')).toMatchObject({ code: 1011 })
  }))
