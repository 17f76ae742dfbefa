import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SOCKET_PATH_BYTES_MAX, STALE_SOCKET_FOLDER_MS } from './limits.ts'

const FOLDER_NAME = /^millrace-([0-9]+)-[A-Za-z0-9]{6}$/

/** Where sockets go by default: `TMPDIR`, or `/tmp` where that is too long for a socket path. */
export const defaultSocketRoot = (): string => (fits(tmpdir()) ? tmpdir() : '/tmp')

/**
 * Makes a folder that only this user may enter, named for this process so that a later one can tell whose it was.
 * Throws `RangeError` when `root` is too long for a socket path, and what the file system throws.
 */
export const makeSocketFolder = (root: string): string => {
  if (!fits(root)) throw new RangeError(`${root} is too long for a socket path`)
  return mkdtempSync(join(root, `millrace-${process.pid}-`))
}

/** Path of the socket of the output at `index`. */
export const socketPath = (folder: string, index: number): string => join(folder, String(index))

/** Removes the folder with what is in it; a folder that is gone already is fine. */
export const removeSocketFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Removes folders that processes which are no more left behind. Young ones stay, as a process of another container may own them. */
export const removeStaleSocketFolders = (root: string, now_ms: number): void => {
  if (!existsSync(root)) return
  for (const name of readdirSync(root)) {
    const owner = FOLDER_NAME.exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const folder = join(root, name)
    const stats = statSync(folder, { throwIfNoEntry: false })
    const isOurs = stats !== undefined && stats.uid === process.getuid?.()
    if (isOurs && now_ms - stats.mtimeMs > STALE_SOCKET_FOLDER_MS) removeSocketFolder(folder)
  }
}

const fits = (root: string): boolean =>
  Buffer.byteLength(join(root, `millrace-${process.pid}-XXXXXX`, '00')) <= SOCKET_PATH_BYTES_MAX

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
