import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Effect, Layer, Schema } from 'effect'
import { lookup } from 'mrmime'
import { EdgeSettings } from '../EdgeSettings.ts'
import { PAGES_BYTES_MAX, PAGE_BYTES_MAX } from '../limits.ts'
import { bytesAnswer, entityTag, IMMUTABLE, REVALIDATE, revalidated } from './answer.ts'
import type { Answer } from './answer.ts'
import { HttpServer } from './HttpServer.ts'
import { notFound } from './problems.ts'
import { idAt } from './request.ts'

/** The built pages cannot be served. */
export class PagesUnreadable extends Schema.TaggedError<PagesUnreadable>()('PagesUnreadable', { folder: Schema.String, reason: Schema.String }) {}

interface Page {
  readonly bytes: Uint8Array
  readonly type: string
  readonly tag: string
}

/** Vite names what it hashes `name-XXXXXXXX.ext` in `assets/`; that never changes. */
const HASHED = /^assets\/.+-[A-Za-z0-9_-]{8}\.\w+$/

/**
 * The built pages, read into memory at start: what is not there then is never read, so no path leads out of the
 * folder. `/` and `/watch/{id}` are the same document.
 */
export const pages = Layer.effectDiscard(
  Effect.gen(function* () {
    const { pages: folder } = yield* EdgeSettings
    if (folder === undefined) return
    const server = yield* HttpServer
    const found = yield* Effect.tryPromise({ try: () => readPages(folder), catch: (cause) => new PagesUnreadable({ folder, reason: String(cause) }) })
    const give = (name: string, ifNoneMatch: string): Effect.Effect<Answer, ReturnType<typeof notFound>> => {
      const page = found.get(name)
      return page ? Effect.succeed(pageAnswer(name, page, ifNoneMatch)) : Effect.fail(notFound('no such page'))
    }
    server.route('/', ({ ifNoneMatch }) => give('index.html', ifNoneMatch))
    server.route('/watch/:id', (request) => Effect.andThen(idAt(request, 0), give('index.html', request.ifNoneMatch)))
    for (const name of found.keys()) server.route(`/${name}`, ({ ifNoneMatch }) => give(name, ifNoneMatch))
  })
)

const readPages = async (folder: string): Promise<ReadonlyMap<string, Page>> => {
  const found = new Map<string, Page>()
  let total = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = await readFile(file)
    total += bytes.byteLength
    if (bytes.byteLength > PAGE_BYTES_MAX || total > PAGES_BYTES_MAX) throw new Error(`${file} makes the pages bigger than they may be`)
    const type = lookup(entry.name) ?? 'application/octet-stream'
    found.set(file.slice(folder.length).replace(/^\/+/, ''), { bytes, type: type.startsWith('text/') ? `${type}; charset=utf-8` : type, tag: entityTag(bytes) })
  }
  return found
}

const pageAnswer = (name: string, { bytes, type, tag }: Page, ifNoneMatch: string): Answer =>
  HASHED.test(name) ? bytesAnswer([bytes], type, IMMUTABLE) : revalidated(bytesAnswer([bytes], type, REVALIDATE), tag, ifNoneMatch)
