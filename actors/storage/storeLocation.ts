import { fileURLToPath } from 'node:url'
import { Result } from 'effect'
import { StoreUrlInvalid } from './errors.ts'

/** A bucket of an S3 server. */
export interface BucketLocation {
  readonly kind: 'bucket'
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly accessKey: string
  readonly secretKey: string
  readonly bucket: string
}

/** A folder of this machine's file system; absolute path. */
export interface FolderLocation {
  readonly kind: 'folder'
  readonly path: string
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const SHAPE = 'wanted http(s)://ACCESS:SECRET@host:port/bucket or file:/folder'

const invalid = (what: string): Result.Result<never, StoreUrlInvalid> => Result.fail(new StoreUrlInvalid({ reason: `${what}; ${SHAPE}` }))

const folder = (url: URL): Result.Result<FolderLocation, StoreUrlInvalid> => {
  if (url.host !== '') return invalid('a file URL has no host')
  const path = fileURLToPath(url)
  return path === '/' ? invalid('the folder is the root of the file system') : Result.succeed({ kind: 'folder', path })
}

/** Reads `OBJECT_STORE_URL`. The error never repeats the URL, since it holds the secret. */
export const storeLocation = (text: string): Result.Result<BucketLocation | FolderLocation, StoreUrlInvalid> => {
  if (!URL.canParse(text)) return invalid('not a URL')
  const url = new URL(text)
  if (url.protocol === 'file:') return folder(url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return invalid(`unknown scheme ${url.protocol}`)
  const bucket = url.pathname.slice(1).replace(/\/$/, '')
  if (!BUCKET.test(bucket)) return invalid('no valid bucket name')
  if (url.username === '' || url.password === '') return invalid('no credentials')
  const secure = url.protocol === 'https:'
  return Result.succeed({
    kind: 'bucket',
    secure,
    host: url.hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    accessKey: decodeURIComponent(url.username),
    secretKey: decodeURIComponent(url.password),
    bucket
  })
}
