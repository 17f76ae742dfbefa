import { Result } from 'effect'
import { describe, expect, it } from 'vitest'
import { storeLocation } from './storeLocation.ts'

describe('the address of an object store', () => {
  it('names a bucket with its credentials decoded', () => {
    expect(Result.getOrThrow(storeLocation('https://key:s%2Fe%40c@minio.example:9000/my-bucket'))).toEqual({
      kind: 'bucket', secure: true, host: 'minio.example', port: 9000, accessKey: 'key', secretKey: 's/e@c', bucket: 'my-bucket'
    })
  })

  it('takes the port of the scheme where none is given', () => {
    expect(Result.getOrThrow(storeLocation('http://k:s@h/bucket'))).toMatchObject({ port: 80, secure: false })
    expect(Result.getOrThrow(storeLocation('https://k:s@h/bucket/'))).toMatchObject({ port: 443, bucket: 'bucket' })
  })

  it.each(['file:/var/lib/media', 'file:///var/lib/media'])('names a folder as %s', (url) => {
    expect(Result.getOrThrow(storeLocation(url))).toEqual({ kind: 'folder', path: '/var/lib/media' })
  })

  it.each(['', 'minio', 'ftp://k:secret@h/bucket', 'http://h/bucket', 'http://k:secret@h', 'http://k:secret@h/a/b', 'http://k:secret@h/UP', 'file:/', 'file://host/a'])(
    'refuses %j and does not repeat its secret',
    (url) => {
      const refused = storeLocation(url)
      expect(Result.isFailure(refused)).toBe(true)
      expect(JSON.stringify(refused)).not.toContain('secret')
    }
  )
})
