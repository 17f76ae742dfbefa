import { expect, it, onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { startEdge } from './testing/edge.ts'
import { TestPublisher } from './testing/TestPublisher.ts'

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
  for (const origin of [undefined, 'https://tv.example', new URL(picky.url.replace('ws', 'http')).origin]) expect(await begin(origin)).toBe('pong')
})

it('a title that turns the direction of what stands around it is refused', async () => {
  const edge = await startEdge(natsUrl(), {}, 'edge-titles')
  onTestFinished(() => edge.stop())
  const publisher = await TestPublisher.connect(edge.url)
  publisher.say({ type: 'start', title: '\u202egpj.exe' })
  expect(await publisher.closing()).toBe(4400)
})
