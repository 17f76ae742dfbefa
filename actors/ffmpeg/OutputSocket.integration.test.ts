import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { OutputSocket } from './OutputSocket.ts'

it('is drained only after it has read everything that a program gave before it ended', async () => {
  const program = spawn('sh', ['-c', 'head -c 5000000 /dev/zero >&3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const heard = { bytes: 0, ended: 0 }
  const output = new OutputSocket(program.stdio[3] as Socket, {
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
  await output.close()
  expect(heard).toEqual({ bytes: 5_000_000, ended: 1 })
})
