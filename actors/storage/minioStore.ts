import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { Effect } from 'effect'
import { Client } from 'minio'
import { ObjectMissing, ObjectTooBig, StoreUnavailable } from './errors.ts'
import { LIST_OBJECTS_MAX, OBJECT_BYTES_MAX, REASON_CHARACTERS_MAX, STORE_SOCKETS_MAX } from './limits.ts'
import { contentTypeOf, isFolder, isKey } from './objectKey.ts'
import type { ByteRange, ObjectInfo, ObjectStoreShape } from './objectStoreShape.ts'
import { boundedOperation, requireFolder, requireKey } from './operation.ts'
import type { BucketLocation } from './storeLocation.ts'

const REGION = 'us-east-1'
const MISSING = ['NoSuchKey', 'NotFound']

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '')

/** The client library has no cancellation: the signal of the running operation reaches its requests through this. */
const running = new AsyncLocalStorage<AbortSignal>()

const transport = (secure: boolean): Pick<typeof http, 'request'> => ({
  request: ((options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const signal = running.getStore()
    return (secure ? https : http).request(signal === undefined ? options : { ...options, signal }, onResponse)
  }) as typeof http.request
})

const collect = async (stream: Readable, key: string): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > OBJECT_BYTES_MAX) throw new ObjectTooBig({ key, bytes, limit: OBJECT_BYTES_MAX })
    chunks.push(chunk)
  }
  const wanted = 'headers' in stream ? Number((stream as http.IncomingMessage).headers['content-length'] ?? bytes) : bytes
  if (bytes !== wanted) throw new Error(`the answer broke off after ${bytes} of ${wanted} bytes`)
  return Buffer.concat(chunks, bytes)
}

const readRange = async (client: Client, bucket: string, key: string, range: ByteRange): Promise<Uint8Array> => {
  if (range.length === 0) {
    await client.statObject(bucket, key)
    return new Uint8Array(0)
  }
  try {
    return await collect(await client.getPartialObject(bucket, key, range.offset, range.length), key)
  } catch (cause) {
    if (codeOf(cause) === 'InvalidRange') return new Uint8Array(0)
    throw cause
  }
}

const listBelow = async (client: Client, bucket: string, folder: string): Promise<ReadonlyArray<ObjectInfo>> => {
  const found: Array<ObjectInfo> = []
  for await (const item of client.listObjectsV2(bucket, folder, true) as AsyncIterable<{ name?: string; size: number }>) {
    if (found.length >= LIST_OBJECTS_MAX) throw new Error(`more than ${LIST_OBJECTS_MAX} objects`)
    if (item.name !== undefined) found.push({ key: item.name, bytes: item.size })
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

const removeBelow = async (client: Client, bucket: string, folder: string): Promise<void> => {
  const objects = await listBelow(client, bucket, folder)
  const results = await client.removeObjects(bucket, objects.map((object) => object.key))
  const refused = results.find((result) => result?.Error !== undefined)
  if (refused !== undefined) throw new Error('an object could not be removed')
}

/** Creates the bucket where it is missing; another node may do the same at the same time. */
const makeBucket = async (client: Client, bucket: string): Promise<void> => {
  if (await client.bucketExists(bucket)) return
  try {
    await client.makeBucket(bucket, REGION)
  } catch (cause) {
    if (codeOf(cause) !== 'BucketAlreadyOwnedByYou' && codeOf(cause) !== 'BucketAlreadyExists') throw cause
  }
}

/** What went wrong, without what the request said: neither address nor credentials. */
const safely = (location: BucketLocation) => (operation: string, cause: unknown): StoreUnavailable => {
  const text = `${codeOf(cause)} ${cause instanceof Error ? cause.message : 'unknown error'}`.trim()
  const reason = text.replaceAll(location.secretKey, '***').replaceAll(location.accessKey, '***').slice(0, REASON_CHARACTERS_MAX)
  return new StoreUnavailable({ operation, reason })
}

/** Objects of a bucket of an S3 server, through the MinIO client. The bucket is created at its first use, so the server may come up later. */
export const minioStore = (location: BucketLocation, timeout_ms: number) =>
  Effect.gen(function* () {
    const Agent = location.secure ? https.Agent : http.Agent
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent({ keepAlive: true, maxSockets: STORE_SOCKETS_MAX, timeout: timeout_ms })),
      (open) => Effect.sync(() => open.destroy())
    )
    const { bucket } = location
    const client = new Client({
      endPoint: location.host,
      port: location.port,
      useSSL: location.secure,
      accessKey: location.accessKey,
      secretKey: location.secretKey,
      region: REGION,
      retryOptions: { disableRetry: true },
      transport: transport(location.secure),
      transportAgent: agent
    })
    let bucketThere = false
    const inBucket = async <A>(signal: AbortSignal, run: () => Promise<A>): Promise<A> =>
      running.run(signal, async () => {
        if (!bucketThere) await makeBucket(client, bucket)
        bucketThere = true
        try {
          return await run()
        } catch (cause) {
          if (codeOf(cause) === 'NoSuchBucket') bucketThere = false
          throw cause
        }
      })
    const bounded = boundedOperation(timeout_ms, safely(location))
    const known = (key: string) => (cause: unknown) => {
      if (cause instanceof ObjectTooBig) return cause
      return MISSING.includes(codeOf(cause)) ? new ObjectMissing({ key }) : undefined
    }
    const reading = <A>(operation: string, key: string, run: () => Promise<A>) =>
      isKey(key) ? bounded(operation, (signal) => inBucket(signal, run), known(key)) : Effect.fail(new ObjectMissing({ key }))
    const put = async (key: string, bytes: Uint8Array): Promise<void> => {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      await client.putObject(bucket, key, view, view.length, { 'Content-Type': contentTypeOf(key) })
    }
    const store: ObjectStoreShape = {
      put: (key, bytes) => requireKey(key, bytes, bounded('put', (signal) => inBucket(signal, () => put(key, bytes)))),
      get: (key) => reading('get', key, async () => collect(await client.getObject(bucket, key), key)),
      read: (key, range) => reading('read', key, () => readRange(client, bucket, key, range)),
      stat: (key) =>
        reading('stat', key, async () => ({ key, bytes: (await client.statObject(bucket, key)).size })).pipe(Effect.catchTag('ObjectTooBig', Effect.die)),
      list: (folder) =>
        isFolder(folder) ? bounded('list', (signal) => inBucket(signal, () => listBelow(client, bucket, folder))) : Effect.succeed([]),
      remove: (folder) => requireFolder(folder, bounded('remove', (signal) => inBucket(signal, () => removeBelow(client, bucket, folder)))),
      check: bounded('check', (signal) => inBucket(signal, async () => {
        if (!(await client.bucketExists(bucket))) throw new Error(`the bucket ${bucket} is missing`)
      }))
    }
    return store
  })
