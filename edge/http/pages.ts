import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Effect, Layer, Schema } from 'effect'
import { lookup } from 'mrmime'
import { EdgeSettings } from '../EdgeSettings.ts'
import { PAGES_BYTES_MAX, PAGE_BYTES_MAX } from '../limits.ts'
import { bytesAnswer, entityTag, IMMUTABLE, REVALIDATE, revalidated } from './answer.ts'
import type { Answer } from './answer.ts'
import { chooseCoding, encodeAll } from './contentCoding.ts'
import type { Coded } from './contentCoding.ts'
import { HttpServer } from './HttpServer.ts'
import { DOCUMENT_HEADERS } from './pageHeaders.ts'
import { notFound } from './problems.ts'
import type { Problem } from './problems.ts'
import { idAt } from './request.ts'
import type { Request } from './request.ts'

/** The built pages cannot be served. */
export class PagesUnreadable extends Schema.TaggedError<PagesUnreadable>()('PagesUnreadable', { folder: Schema.String, reason: Schema.String }) {}

interface Page {
  readonly coded: Coded
  readonly type: string
  /** Of its bytes as they were built. */
  readonly tag: string
}

/** Vite names what it hashes `name-XXXXXXXX.ext` in `assets/`; that never changes. */
const HASHED = /^assets\/.+-[A-Za-z0-9_-]{8}\.\w+$/

/**
 * The built pages, read into memory and packed at start: what is not there then is never read, so no path leads out of
 * the folder. `/`, `/live` and `/watch/{id}` are the same document.
 */
export const pages = Layer.effectDiscard(
  Effect.gen(function* () {
    const { pages: folder } = yield* EdgeSettings
    if (folder === undefined) return
    const server = yield* HttpServer
    const found = yield* Effect.tryPromise({ try: () => readPages(folder), catch: (cause) => new PagesUnreadable({ folder, reason: String(cause) }) })
    const give = (name: string, request: Request): Effect.Effect<Answer, Problem> => {
      const page = found.get(name)
      return page ? Effect.succeed(pageAnswer(name, page, request)) : Effect.fail(notFound('no such page'))
    }
    for (const path of ['/', '/live']) server.route(path, (request) => give('index.html', request))
    /** To a person the document says that there is nothing; to a program, the problem. */
    const nothing = (request: Request, problem: Problem): Effect.Effect<Answer, Problem> =>
      isPerson(request) ? Effect.map(give('index.html', { ...request, ifNoneMatch: '' }), (answer) => ({ ...answer, status: 404 })) : Effect.fail(problem)
    server.route('/watch/:id', (request) =>
      Effect.matchEffect(idAt(request, 0), { onFailure: (problem) => nothing(request, problem), onSuccess: () => give('index.html', request) })
    )
    server.otherwise((request) => nothing(request, notFound('nothing has this address')))
    for (const name of found.keys()) server.route(`/${name}`, (request) => give(name, request))
  })
)

/** Paths of programs: what is wrong there is told in JSON, whoever looks. */
const OF_PROGRAMS = /^\/(api|live|recordings|ws|assets)\//

const isPerson = ({ method, path, accept }: Request): boolean => (method === 'GET' || method === 'HEAD') && accept.includes('text/html') && !OF_PROGRAMS.test(path)

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
    const coded = await encodeAll(bytes, type)
    found.set(file.slice(folder.length).replace(/^\/+/, ''), { coded, type: type.startsWith('text/') ? `${type}; charset=utf-8` : type, tag: entityTag(bytes) })
  }
  return found
}

const pageAnswer = (name: string, { coded, type, tag }: Page, { acceptEncoding, ifNoneMatch }: Request): Answer => {
  const coding = chooseCoding(acceptEncoding, coded)
  const answer = bytesAnswer([coded.get(coding) ?? new Uint8Array()], type, HASHED.test(name) ? IMMUTABLE : REVALIDATE)
  const headers = {
    ...answer.headers,
    ...(coded.size > 1 ? { Vary: 'Accept-Encoding' } : {}),
    ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
    ...(name.endsWith('.html') ? DOCUMENT_HEADERS : {})
  }
  return HASHED.test(name) ? { ...answer, headers } : revalidated({ ...answer, headers }, codedTag(tag, coding), ifNoneMatch)
}

/** Other bytes want another strong entity tag (RFC 9110 §8.8.3.3). */
const codedTag = (tag: string, coding: string): string => (coding === 'identity' ? tag : tag.replace(/"$/, `-${coding}"`))
