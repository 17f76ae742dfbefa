import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../actors/archive/testing/until.ts'
import { type Proxy, type ProxyOptions, proxyTo } from './proxy.ts'

let echo: Server
let heard: string
let proxies: Array<Proxy>

/** A service that repeats what it is told in capitals. */
beforeEach(async () => {
  heard = ''
  proxies = []
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      heard += bytes.toString()
      socket.write(bytes.toString().toUpperCase())
    })
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
})

afterEach(async () => {
  for (const proxy of proxies) await proxy.close()
  echo.close()
})

const inFront = async (watch?: ProxyOptions['watch']): Promise<Proxy> => {
  const address = echo.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  const proxy = await proxyTo(`tcp://127.0.0.1:${address.port}`, watch)
  proxies.push(proxy)
  return proxy
}

interface Client {
  readonly socket: Socket
  readonly heard: () => string
  readonly ended: Promise<string>
}

const clientOf = async ({ port }: Proxy): Promise<Client> => {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => (text += bytes.toString()))
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'error'))
    socket.on('close', () => resolve('closed'))
  })
  await once(socket, 'connect')
  return { socket, heard: () => text, ended }
}

const hears = (client: Client, text: string): Promise<true> => until(`the client hears ${text}`, async () => (client.heard() === text ? true : undefined))
const serviceHears = (text: string): Promise<true> => until(`the service hears ${text}`, async () => (heard === text ? true : undefined))

test('passes everything while it is healthy, the end too', async () => {
  const client = await clientOf(await inFront())
  client.socket.write('one')
  await hears(client, 'ONE')
  client.socket.end()
  expect(await client.ended).toBe('closed')
})

test('cuts what is open and what comes, until it is healed', async () => {
  const proxy = await inFront()
  const client = await clientOf(proxy)
  client.socket.write('one')
  await hears(client, 'ONE')
  proxy.cut()
  expect(await client.ended).toBe('ECONNRESET')
  const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  await new Promise((resolve) => refused.on('close', resolve))
  proxy.heal()
  const last = await clientOf(proxy)
  last.socket.write('two')
  await hears(last, 'TWO')
})

test('a black hole says nothing, and what went in comes out once it is healed', async () => {
  const proxy = await inFront()
  const client = await clientOf(proxy)
  proxy.blackHole()
  client.socket.write('one')
  const late = await clientOf(proxy)
  late.socket.write('two')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect([heard, client.heard(), late.heard()]).toEqual(['', '', ''])
  proxy.heal()
  await hears(client, 'ONE')
  await hears(late, 'TWO')
})

test('holds back replies while requests pass', async () => {
  const proxy = await inFront()
  const client = await clientOf(proxy)
  proxy.travel({ held: true }, 'replies')
  client.socket.write('one')
  await serviceHears('one')
  expect(client.heard()).toBe('')
  proxy.heal()
  await hears(client, 'ONE')
})

test('delays without changing the order, and limits the rate', async () => {
  const proxy = await inFront()
  const client = await clientOf(proxy)
  proxy.travel({ delay_ms: 100 }, 'requests')
  const begun_ms = performance.now()
  client.socket.write('one')
  client.socket.write('two')
  await hears(client, 'ONETWO')
  expect(performance.now() - begun_ms).toBeGreaterThan(95)
  proxy.travel({ bytesPerSecond: 1_000 }, 'replies')
  client.socket.write('x'.repeat(200))
  await serviceHears(`onetwo${'x'.repeat(200)}`)
  client.socket.write('last')
  const since_ms = performance.now()
  await hears(client, `ONETWO${'X'.repeat(200)}LAST`)
  expect(performance.now() - since_ms).toBeGreaterThan(150)
})

test('cuts before or behind bytes that it looks for', async () => {
  const proxy = await inFront((bytes) => (bytes.includes('before') ? 'cutBefore' : bytes.includes('behind') ? 'loseReply' : 'pass'))
  const before = await clientOf(proxy)
  before.socket.write('before')
  expect(await before.ended).toBe('ECONNRESET')
  expect(heard).toBe('')
  const behind = await clientOf(proxy)
  behind.socket.write('behind')
  expect(await behind.ended).toBe('ECONNRESET')
  expect([heard, behind.heard()]).toEqual(['behind', ''])
  await until('both are gone', async () => (proxy.connections() === 0 ? true : undefined))
})
