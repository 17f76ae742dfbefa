import { once } from 'node:events'
import { App, us_listen_socket_close, us_socket_local_port, type us_listen_socket, type us_socket } from 'uWebSockets.js'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { makeCounters } from '../http/Counters.ts'
import { until } from '../testing/startEdge.ts'
import type { Audience, Watcher } from './Audience.ts'
import { watchSocket } from './watchSocket.ts'

let listening: us_listen_socket | undefined
afterEach(() => void (listening !== undefined && us_listen_socket_close(listening)))

/** Serves the watch socket to an audience of our own; gives its port. */
const serve = async (connect: Audience['connect']): Promise<number> => {
  const app = App()
  watchSocket(app, { connect } as Audience, ['*'], makeCounters())
  listening = await new Promise<us_listen_socket | undefined>((resolve) => app.listen('127.0.0.1', 0, (socket) => resolve(socket === false ? undefined : socket)))
  return listening === undefined ? 0 : us_socket_local_port(listening as unknown as us_socket)
}

it.each(['at once', 'later'])('tells a watcher once that it has left, also where its socket is ended %s', async (when) => {
  let left = 0
  const watcher: Watcher = { heard: () => undefined, overflowed: () => undefined, drained: () => undefined, left: () => void (left += 1) }
  const port = await serve((socket) => {
    const end = (): void => socket.end(1000, 'the stream has ended')
    if (when === 'at once') end()
    else setTimeout(end, 10)
    return watcher
  })
  const viewer = new WebSocket(`ws://127.0.0.1:${port}/ws/watch/any`)
  await once(viewer, 'close')
  await until(() => left > 0, 'it has left')
  expect(left).toBe(1)
})
