import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { PublishingEnded } from './edgeSocket.ts'
import { startPublishing } from './publisher.ts'

/** An edge of few words: it stores what it acknowledges and can stop acknowledging. */
const startEdge = async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/ws/stream' })
  await once(server, 'listening')
  const stored: Array<string> = []
  const resumptions: Array<object> = []
  const edge = { stored, resumptions, loses: 0, acknowledges: true, refuses: false, sockets: [] as Array<WebSocket>, server, url: '' }
  server.on('connection', (socket) => {
    edge.sockets.push(socket)
    const say = (message: object): void => socket.send(JSON.stringify(message))
    socket.on('message', (data, isBinary) => {
      if (isBinary) {
        if (!edge.acknowledges) return
        stored.push(String(data))
        return say({ type: 'ack', seq: stored.length - 1, bytes: 0 })
      }
      const { type } = JSON.parse(String(data)) as { type: string }
      if (type === 'start' && edge.refuses) {
        say({ type: 'error', code: 'busy', message: 'another publisher has the stream' })
        return socket.close(4409)
      }
      if (type === 'start') say({ type: 'started', recordingId: 'r', epoch: 0, nextSeq: 0, publisherToken: 't' })
      if (type === 'resume') {
        resumptions.push(JSON.parse(String(data)) as object)
        say({ type: 'resumed', epoch: 0, nextSeq: stored.length - edge.loses })
      }
      if (type === 'stop') say({ type: 'stopped', recordingId: 'r', duration: 1, segmentsUploaded: 2, bytesUploaded: 3 })
    })
  })
  const address = server.address()
  edge.url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  return edge
}

let edge: Awaited<ReturnType<typeof startEdge>>
beforeEach(async () => {
  edge = await startEdge()
})
afterEach(() => {
  for (const socket of edge.sockets) socket.terminate()
  edge.server.close()
})

const chunk = (text: string): Uint8Array => new TextEncoder().encode(text)

test('sends again, after a drop, just what was not acknowledged', async () => {
  const publisher = await startPublishing(edge.url)
  publisher.send(chunk('a'))
  await publisher.drained()
  edge.acknowledges = false
  publisher.send(chunk('b'))
  publisher.drop()
  edge.acknowledges = true
  publisher.send(chunk('c'))
  await publisher.drained()
  expect(edge.stored).toEqual(['a', 'b', 'c'])
  expect(edge.resumptions).toMatchObject([{ epoch: 0, acked: { seq: 0, bytes: 0 } }])
  expect(await publisher.stop()).toEqual({ recordingId: 'r', duration: 1, segmentsUploaded: 2, bytesUploaded: 3 })
})

test('ends rather than send what it has under the number of a chunk that it has no more', async () => {
  const publisher = await startPublishing(edge.url)
  publisher.send(chunk('a'))
  await publisher.drained()
  edge.loses = 1
  edge.acknowledges = false
  publisher.send(chunk('b'))
  publisher.drop()
  await expect(publisher.failed).rejects.toMatchObject({ code: 4400, message: 'chunk 0 is asked for, and is not kept any more: only a new epoch can go on' })
  expect(edge.stored).toEqual(['a'])
})

test('goes on at another edge', async () => {
  const publisher = await startPublishing(edge.url)
  const other = await startEdge()
  publisher.useEdge(other.url)
  publisher.drop()
  publisher.send(chunk('a'))
  await publisher.drained()
  expect(other.stored).toEqual(['a'])
  publisher.leave()
  other.server.close()
})

test('says why the edge refused it', async () => {
  edge.refuses = true
  const refused = startPublishing(edge.url)
  await expect(refused).rejects.toBeInstanceOf(PublishingEnded)
  await expect(refused).rejects.toMatchObject({ code: 4409, message: 'busy: another publisher has the stream' })
})

test('gives up when nobody answers any more', async () => {
  const publisher = await startPublishing(edge.url, { giveUpAfter_ms: 100 })
  edge.server.close()
  publisher.drop()
  await expect(publisher.failed).rejects.toMatchObject({ code: 0 })
})
