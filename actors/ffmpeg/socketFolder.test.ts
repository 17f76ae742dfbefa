import { spawnSync } from 'node:child_process'
import { mkdir, readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { STALE_SOCKET_FOLDER_MS } from './limits.ts'
import { makeSocketFolder, removeStaleSocketFolders } from './socketFolder.ts'
import { withFolder } from './testing/probe.ts'

it('removes only old folders of processes that are gone', async () => {
  const gone = spawnSync('true').pid
  await withFolder(async (root) => {
    const now_ms = Date.now()
    const old = new Date(now_ms - 2 * STALE_SOCKET_FOLDER_MS)
    const names = [`millrace-${gone}-abcdef`, `millrace-${process.pid}-abcdef`, `other-${gone}-abcdef`, `millrace-${gone}-notold`]
    for (const name of names) {
      await mkdir(join(root, name))
      if (!name.endsWith('notold')) await utimes(join(root, name), old, old)
    }
    removeStaleSocketFolders(root, now_ms)
    expect((await readdir(root)).sort()).toEqual(names.slice(1).sort())
  })
})

it('makes a folder that only this user may enter', async () => {
  await withFolder(async (root) => {
    expect((await stat(makeSocketFolder(root))).mode & 0o777).toBe(0o700)
  })
})
