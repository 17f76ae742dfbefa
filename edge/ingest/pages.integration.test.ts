import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { startEdge } from './testing/edge.ts'
import { TestPublisher, until } from './testing/TestPublisher.ts'

it('pages of another origin may not publish; programs, own pages and those allowed may', async () => {
  const picky = await startEdge(natsUrl(), {}, 'edge-picky', undefined, undefined, ['https://tv.example'])
  onTestFinished(() => picky.stop())
  const begin = async (origin?: string): Promise<string | number> => {
    const socket = new WebSocket(picky.url, origin === undefined ? {} : { origin })
    const closed = new Promise<number>((resolve) => socket.on('close', resolve))
    const answered = new Promise<string>((resolve) => socket.on('message', (data) => resolve((JSON.parse(String(data)) as { readonly type: string }).type)))
    socket.on('open', () => socket.send('{"type":"ping"}'))
    const outcome = await Promise.race([closed, answered])
    socket.terminate()
    return outcome
  }
  for (const origin of ['https://evil.example', 'null']) expect(await begin(origin)).toBe(4403)
  expect(picky.counters.values()).toEqual({ publisher_origin_refused: 2 })
  for (const origin of [undefined, 'https://tv.example', new URL(picky.url.replace('ws', 'http')).origin]) expect(await begin(origin)).toBe('pong')
})

it('a title that turns the direction of what stands around it is refused', async () => {
  const edge = await startEdge(natsUrl(), {}, 'edge-titles')
  onTestFinished(() => edge.stop())
  const publisher = await TestPublisher.connect(edge.url)
  publisher.say({ type: 'start', title: '\u202egpj.exe' })
  expect(await publisher.closing()).toBe(4400)
})

it('a message against the protocol is cut and counted; a reason that only looks like it is not', async () => {
  const edge = await startEdge(natsUrl(), {}, 'edge-cuts')
  onTestFinished(() => edge.stop())
  const spoilt = new WebSocket(edge.url, { skipUTF8Validation: true })
  await once(spoilt, 'open')
  spoilt.send(Buffer.from([0xff, 0xfe]), { binary: false })
  await once(spoilt, 'close')
  expect(edge.counters.values()).toEqual({ publisher_message_refused: 1 })
  for (const reason of ['constructor', 'WebSocket timed out from inactivity']) {
    const liar = new WebSocket(edge.url)
    await once(liar, 'open')
    liar.close(4000, reason)
    await once(liar, 'close')
  }
  expect(edge.counters.values()).toEqual({ publisher_message_refused: 1 })
})

it('a publisher is told how many watch as soon as it has its stream', async () => {
  const edge = await startEdge(natsUrl(), {}, 'edge-watched')
  onTestFinished(() => edge.stop())
  const publisher = await TestPublisher.connect(edge.url)
  publisher.say({ type: 'start', recordingId: 'watched-cam', mimeType: 'video/webm' })
  await until('it is told', () => publisher.messages.length > 1)
  expect(publisher.messages.slice(0, 2)).toMatchObject([{ type: 'started' }, { type: 'viewerCount', recordingId: 'watched-cam', viewerCount: 0 }])
})
