import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Effect, Exit, Layer, ManagedRuntime, Redacted } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minioAvailable, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import type { StoreUnavailable } from './errors.ts'
import { ObjectStore } from './ObjectStore.ts'
import type { ObjectStoreShape } from './objectStoreShape.ts'
import { StorageSettings } from './StorageSettings.ts'

const openStore = (url: string, operationTimeout_ms = 20_000) =>
  ManagedRuntime.make(ObjectStore.layer.pipe(Layer.provide(Layer.succeed(StorageSettings, { url: Redacted.make(url), operationTimeout_ms }))))

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const run = Effect.runPromise

const kinds = [
  ['directory', true],
  ['minio', minioAvailable()]
] as const

for (const [kind, available] of kinds) {
  describe.skipIf(!available)(`the ${kind} store`, () => {
    let runtime: ReturnType<typeof openStore>
    let store: ObjectStoreShape
    let url = ''
    beforeAll(async () => {
      url = await objectStoreUrl(kind)
      runtime = openStore(url)
      store = await runtime.runPromise(ObjectStore)
    })
    afterAll(() => runtime.dispose())

    it('gives back what was put, and its size', async () => {
      await run(store.put('r/1/segment_00000.m4s', bytesOf('hello')))
      expect(Buffer.from(await run(store.get('r/1/segment_00000.m4s'))).toString()).toBe('hello')
      expect(await run(store.stat('r/1/segment_00000.m4s'))).toEqual({ key: 'r/1/segment_00000.m4s', bytes: 5 })
    })

    it('keeps an empty object', async () => {
      await run(store.put('empty/object', new Uint8Array(0)))
      expect((await run(store.get('empty/object'))).length).toBe(0)
      expect((await run(store.read('empty/object', { offset: 0, length: 10 }))).length).toBe(0)
    })

    it('stores only the bytes of a view, not of the buffer beneath it', async () => {
      await run(store.put('view/object', bytesOf('0123456789').subarray(3, 6)))
      expect(Buffer.from(await run(store.get('view/object'))).toString()).toBe('345')
    })

    it('says that an object is missing, whatever is asked of it', async () => {
      await run(store.put('folder/object', bytesOf('x')))
      for (const key of ['no/such/object', 'folder', 'folder/object/below', '', '../folder/object', 'folder/../folder/object', 'a\0b']) {
        expect(await run(Effect.flip(store.get(key)))).toMatchObject({ _tag: 'ObjectMissing', key })
        expect(await run(Effect.flip(store.stat(key)))).toMatchObject({ _tag: 'ObjectMissing', key })
        expect(await run(Effect.flip(store.read(key, { offset: 0, length: 0 })))).toMatchObject({ _tag: 'ObjectMissing', key })
      }
    })

    it.each(['../escape', 'a/../../escape', '/absolute', 'a//b', '.incoming/x', 'nul\0'])('refuses to write under the key %j', async (key) => {
      const exit = await Effect.runPromiseExit(store.put(key, bytesOf('x')))
      expect(Exit.isFailure(exit) && JSON.stringify(exit)).toContain('Die')
    })

    it.each(['ä ö ü/日本語.m4s', 'a+b/c d.m4s', 'q?x=1&y=2#z.m4s', 'per%20cent%2Fslash.m4s', "quote'\"<tag>.m4s", '💾/~!$()*,:;=@[]^_`{|}.m4s', `${'n'.repeat(200)}.m4s`])(
      'keeps the strange key %j apart from all others',
      async (name) => {
        const key = `strange/${name}`
        await run(store.put(key, bytesOf(key)))
        expect(Buffer.from(await run(store.get(key))).toString()).toBe(key)
        expect((await run(store.list('strange/'))).filter((object) => object.key === key)).toEqual([{ key, bytes: Buffer.byteLength(key) }])
      }
    )

    it('reads a run of bytes, short at the end and empty behind it', async () => {
      await run(store.put('range/object', bytesOf('0123456789')))
      const read = async (offset: number, length: number) => Buffer.from(await run(store.read('range/object', { offset, length }))).toString()
      expect(await read(0, 4)).toBe('0123')
      expect(await read(3, 4)).toBe('3456')
      expect(await read(8, 100)).toBe('89')
      expect(await read(10, 5)).toBe('')
      expect(await read(400, 5)).toBe('')
      expect(await read(2, 0)).toBe('')
    })

    it('carries an object of 90 MB unharmed', async () => {
      const big = randomBytes(90 * 1024 * 1024)
      await run(store.put('big/object', big))
      expect(hash(await run(store.get('big/object')))).toBe(hash(big))
      const run_ = await run(store.read('big/object', { offset: 64 * 1024 * 1024 - 5, length: 10 }))
      expect(Buffer.from(run_)).toEqual(big.subarray(64 * 1024 * 1024 - 5, 64 * 1024 * 1024 + 5))
    })

    it('changes nothing when the same object is put again', async () => {
      await run(store.put('again/object', bytesOf('same')))
      await run(store.put('again/object', bytesOf('same')))
      expect(await run(store.list('again/'))).toEqual([{ key: 'again/object', bytes: 4 }])
    })

    it('shows a reader the old object or the new one during overwrites, never a mixture', async () => {
      const versions = [Buffer.alloc(3_000_000, 'a'), Buffer.alloc(2_000_000, 'b')]
      const hashes = new Set(versions.map(hash))
      const put = (index: number) => store.put('overwritten/object', versions[index % 2] ?? new Uint8Array(0))
      await run(put(0))
      let writing = true
      const seen = new Set<string>()
      const reader = async () => {
        while (writing) seen.add(hash(await run(store.get('overwritten/object'))))
      }
      const writer = async () => {
        for (let index = 1; index <= 12; index += 1) await run(put(index))
        writing = false
      }
      await Promise.all([writer(), reader(), reader()])
      expect([...seen].filter((one) => !hashes.has(one))).toEqual([])
      expect(seen.size).toBe(2)
    })

    it('takes many puts at a time, to other keys and to the same one', async () => {
      const puts = Array.from({ length: 60 }, (_, index) => store.put(`many/${index % 40}`, bytesOf(String(index % 40))))
      await run(Effect.all(puts, { concurrency: 20, discard: true }))
      const objects = await run(store.list('many/'))
      expect(objects).toHaveLength(40)
      expect(objects.map((object) => object.key)).toEqual([...objects.map((object) => object.key)].sort())
    })

    it('lists and removes a folder with all below it, and nothing beside it', async () => {
      for (const key of ['tree/a/1', 'tree/a/b/2', 'tree/ab/3']) await run(store.put(key, bytesOf(key)))
      expect((await run(store.list('tree/a/'))).map((object) => object.key)).toEqual(['tree/a/1', 'tree/a/b/2'])
      await run(store.remove('tree/a/'))
      await run(store.remove('tree/a/'))
      expect(await run(store.list('tree/a/'))).toEqual([])
      expect((await run(store.list('tree/'))).map((object) => object.key)).toEqual(['tree/ab/3'])
    })

    it('never removes everything for want of a folder', async () => {
      await run(store.put('kept/object', bytesOf('x')))
      for (const folder of ['', '/', 'kept', '../']) expect(Exit.isFailure(await Effect.runPromiseExit(store.remove(folder)))).toBe(true)
      expect((await run(store.stat('kept/object'))).bytes).toBe(1)
    })

    it('is ready, and a second process sees the same objects', async () => {
      await run(store.check)
      await run(store.put('shared/object', bytesOf('x')))
      const other = openStore(url)
      expect((await other.runPromise(ObjectStore.use((second) => second.stat('shared/object')))).bytes).toBe(1)
      await other.dispose()
    })

    it.runIf(kind === 'directory')('leaves no half-written file where objects are listed', async () => {
      const root = new URL(url).pathname
      await run(store.put('clean/object', bytesOf('x')))
      expect(readdirSync(join(root, '.incoming'))).toEqual([])
    })
  })
}

describe('an object store that is down', () => {
  const failureOf = async (url: string, use: (store: ObjectStoreShape) => Effect.Effect<unknown, { readonly _tag: string }>, beforeClosing?: () => Promise<unknown>): Promise<unknown> => {
    const runtime = openStore(url, 300)
    const failure = await runtime.runPromise(Effect.flip(ObjectStore.use(use)))
    await beforeClosing?.()
    await runtime.dispose()
    return failure
  }

  it('fails with no word of its credentials when nobody listens', async () => {
    const failure = (await failureOf('http://my-key:my-secret@127.0.0.1:1/bucket', (store) => store.put('a', bytesOf('x')))) as StoreUnavailable
    expect(failure._tag).toBe('StoreUnavailable')
    expect(JSON.stringify(failure)).not.toMatch(/my-key|my-secret/)
  })

  it('gives up on a server that takes the connection and says nothing, and hangs up', async () => {
    const closed: Array<Promise<void>> = []
    const silent = createServer((socket) => {
      socket.resume()
      socket.on('error', () => undefined)
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const failure = await failureOf(`http://k:s@127.0.0.1:${port}/bucket`, (store) => store.get('a'), () => Promise.all(closed))
    expect(failure).toMatchObject({ _tag: 'StoreUnavailable', operation: 'get', reason: 'no answer within 300 ms' })
    expect(closed.length).toBeGreaterThan(0)
    silent.close()
  })

  it('fails when its folder is not a folder', async () => {
    const failure = await failureOf('file:/dev/null/store', (store) => store.check)
    expect(failure).toMatchObject({ _tag: 'StoreUnavailable', operation: 'check' })
  })
})
