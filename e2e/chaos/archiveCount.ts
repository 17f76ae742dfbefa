/** What the stores hold of recordings, counted: every row has its object, every object its row, each once. */
import { Client } from 'minio'
import pg from 'pg'
import type { ServiceUrls } from '../../deploy/local/services/localServices.ts'

const rowsOf = async (url: string, ids: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ readonly object_key: string | null }>('select object_key from segments where recording_id = any($1)', [ids])
    return rows.map(({ object_key }) => object_key ?? 'nothing')
  } finally {
    await client.end()
  }
}

const objectsOf = async (url: string): Promise<ReadonlyArray<string>> => {
  const { hostname, port, username, password, pathname } = new URL(url)
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey: decodeURIComponent(username), secretKey: decodeURIComponent(password) })
  const names: Array<string> = []
  for await (const { name } of client.listObjectsV2(pathname.slice(1), '', true) as AsyncIterable<{ readonly name?: string }>) names.push(name ?? '')
  return names
}

const without = (all: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = new Set(others)
  return all.filter((one) => !known.has(one))
}

/** What is there twice, or without its counterpart, in sentences. The stores hold these recordings and no others. */
export const countingFaults = async ({ DATABASE_URL, OBJECT_STORE_URL }: ServiceUrls, ids: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const rows = await rowsOf(DATABASE_URL, ids)
  const segments = (await objectsOf(OBJECT_STORE_URL)).filter((key) => key.endsWith('.m4s'))
  return [
    ...(new Set(rows).size === rows.length ? [] : ['two rows name one object']),
    ...without(rows, segments).map((key) => `a row names ${key}, which is not there`),
    ...without(segments, rows).map((key) => `${key} has no row`),
    ...(rows.length > 0 ? [] : ['there are no rows']),
  ]
}
