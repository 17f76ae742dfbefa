import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Effect } from 'effect'
import { ObjectMissing, ObjectTooBig, StoreUnavailable } from './errors.ts'
import { ABANDONED_FILE_AGE_MS, LIST_OBJECTS_MAX, OBJECT_BYTES_MAX } from './limits.ts'
import { isFolder, isKey } from './objectKey.ts'
import type { ByteRange, ObjectInfo, ObjectStoreShape } from './objectStoreShape.ts'
import { boundedOperation, requireFolder, requireKey } from './operation.ts'
import type { FolderLocation } from './storeLocation.ts'

/** Below the root, so that a rename stays on one file system; no key begins with a dot. */
const INCOMING = '.incoming'

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '')
const isMissing = (cause: unknown): boolean => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(cause))

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Creates `path` and makes the names of all new folders durable. */
const makeFolder = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let folder = dirname(path); folder.length >= dirname(first).length; folder = dirname(folder)) await syncFolder(folder)
}

const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const replace = async (root: string, key: string, bytes: Uint8Array): Promise<void> => {
  const incoming = join(root, INCOMING, randomUUID())
  const target = join(root, key)
  try {
    await mkdir(join(root, INCOMING), { recursive: true })
    await writeDurably(incoming, bytes)
    await makeFolder(dirname(target))
    await rename(incoming, target)
    await syncFolder(dirname(target))
  } catch (cause) {
    await rm(incoming, { force: true })
    throw cause
  }
}

const readRange = async (root: string, key: string, range: ByteRange | undefined): Promise<Uint8Array> => {
  const handle = await open(join(root, key), 'r')
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new ObjectMissing({ key })
    const offset = range?.offset ?? 0
    const length = Math.max(0, Math.min(range?.length ?? facts.size, facts.size - offset))
    if (length > OBJECT_BYTES_MAX) throw new ObjectTooBig({ key, bytes: length, limit: OBJECT_BYTES_MAX })
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
      if (bytesRead === 0) throw new Error('the file became shorter while it was read')
      filled += bytesRead
    }
    return bytes
  } finally {
    await handle.close()
  }
}

const info = async (root: string, key: string): Promise<ObjectInfo> => {
  const facts = await stat(join(root, key))
  if (!facts.isFile()) throw new ObjectMissing({ key })
  return { key, bytes: facts.size }
}

const listBelow = async (root: string, folder: string): Promise<ReadonlyArray<ObjectInfo>> => {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  if (entries.length > LIST_OBJECTS_MAX) throw new Error(`more than ${LIST_OBJECTS_MAX} objects`)
  const keys = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const found: Array<ObjectInfo> = []
  for (const key of keys.sort()) found.push(await info(root, key))
  return found
}

const removeBelow = async (root: string, folder: string): Promise<void> => {
  await rm(join(root, folder), { recursive: true, force: true })
  for (let parent = dirname(join(root, folder)); parent.length > root.length; parent = dirname(parent)) {
    try {
      await rmdir(parent)
    } catch (cause) {
      if (codeOf(cause) === 'ENOTEMPTY' || codeOf(cause) === 'ENOENT') return
      throw cause
    }
  }
}

const sweepAbandoned = async (root: string, now_ms: number): Promise<void> => {
  const folder = join(root, INCOMING)
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    const facts = await stat(join(folder, name))
    if (now_ms - facts.mtimeMs > ABANDONED_FILE_AGE_MS) await rm(join(folder, name), { force: true })
  }
}

/** Objects as files of a folder: written beside, made durable, then renamed into place. */
export const directoryStore = (location: FolderLocation, timeout_ms: number): Effect.Effect<ObjectStoreShape> => {
  const root = location.path
  const fail = (operation: string, cause: unknown): StoreUnavailable =>
    new StoreUnavailable({ operation, reason: codeOf(cause) === '' ? String(cause) : `the file system answered ${codeOf(cause)}` })
  const bounded = boundedOperation(timeout_ms, fail)
  /** A file system that says "no such file" has no object; anything else is an outage. */
  const reading = <A>(operation: string, key: string, run: () => Promise<A>) =>
    isKey(key)
      ? bounded(operation, run, (cause) => {
          if (cause instanceof ObjectMissing || cause instanceof ObjectTooBig) return cause
          return isMissing(cause) ? new ObjectMissing({ key }) : undefined
        })
      : Effect.fail(new ObjectMissing({ key }))
  const store: ObjectStoreShape = {
    put: (key, bytes) => requireKey(key, bytes, bounded('put', () => replace(root, key, bytes))),
    get: (key) => reading('get', key, () => readRange(root, key, undefined)),
    read: (key, range) => reading('read', key, () => readRange(root, key, range)),
    stat: (key) => reading('stat', key, () => info(root, key)).pipe(Effect.catchTag('ObjectTooBig', Effect.die)),
    list: (folder) =>
      isFolder(folder)
        ? bounded('list', () => listBelow(root, folder), (cause) => (isMissing(cause) ? new ObjectMissing({ key: folder }) : undefined)).pipe(
            Effect.catchTag('ObjectMissing', () => Effect.succeed([]))
          )
        : Effect.succeed([]),
    remove: (folder) => requireFolder(folder, bounded('remove', () => removeBelow(root, folder))),
    check: bounded('check', async () => {
      await mkdir(join(root, INCOMING), { recursive: true })
      await access(join(root, INCOMING), constants.W_OK)
    })
  }
  return bounded('open', () => sweepAbandoned(root, Date.now())).pipe(
    Effect.catchTag('StoreUnavailable', (error) => Effect.logWarning(`object store at ${root} is not usable yet: ${error.reason}`)),
    Effect.as(store)
  )
}
