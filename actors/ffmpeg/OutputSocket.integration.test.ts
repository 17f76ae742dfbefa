import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { OutputSocket } from './OutputSocket.ts'
import { eventually } from './testing/collect.ts'
import { withFolder } from './testing/probe.ts'

interface Heard {
  bytes: number
  connected: number
  ended: number
}

const listen = async (path: string): Promise<{ readonly socket: OutputSocket; readonly heard: Heard }> => {
  const heard: Heard = { bytes: 0, connected: 0, ended: 0 }
  const socket = await OutputSocket.listen(path, {
    connected: () => {
      heard.connected += 1
    },
    data: (bytes) => {
      heard.bytes += bytes.length
    },
    failed: (error) => {
      throw error
    },
    ended: () => {
      heard.ended += 1
    },
  })
  return { socket, heard }
}

it('closes only after it has read everything that came', async () => {
  await withFolder(async (folder) => {
    const { socket, heard } = await listen(join(folder, '0'))
    const client = connect(join(folder, '0'))
    await eventually('a connection', () => socket.isConnected)
    client.end(new Uint8Array(5_000_000))
    await socket.close()
    expect(heard).toEqual({ bytes: 5_000_000, connected: 1, ended: 1 })
  })
})

it('closes at once where nobody connected, and takes its path with it', async () => {
  await withFolder(async (folder) => {
    const { socket, heard } = await listen(join(folder, '0'))
    await socket.close()
    expect(heard.connected).toBe(0)
    expect(existsSync(join(folder, '0'))).toBe(false)
  })
})

it('takes one connection only', async () => {
  await withFolder(async (folder) => {
    const { socket, heard } = await listen(join(folder, '0'))
    const clients = [connect(join(folder, '0')), connect(join(folder, '0'))]
    for (const client of clients) client.on('error', () => client.destroy()).resume()
    await eventually('one refusal', () => socket.isConnected && clients.some((client) => client.closed))
    expect(clients.filter((client) => client.closed)).toHaveLength(1)
    for (const client of clients) client.destroy()
    await socket.close()
    expect(heard.connected).toBe(1)
  })
})
