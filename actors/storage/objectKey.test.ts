import { describe, expect, it } from 'vitest'
import { contentTypeOf, isFolder, isKey } from './objectKey.ts'

describe('keys of objects', () => {
  it.each(['a', 'recordings/2026/02/28/r-1/hls/source/segment_00000.m4s', 'ä ö/日本.m4s', 'a+b/c d?e=f&g#h%20.jpg', 'x'.repeat(255)])(
    'accepts %j',
    (key) => expect(isKey(key)).toBe(true)
  )

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.', 'a/./b', '.incoming/a', 'a\0b', 'a\nb', 'a\\b', '\ud800', 'x'.repeat(256), 'é'.repeat(128), 'ab/'.repeat(342) + 'c'])(
    'refuses %j',
    (key) => expect(isKey(key)).toBe(false)
  )

  it('takes only a key with a slash behind it for a folder', () => {
    expect(isFolder('a/b/')).toBe(true)
    for (const folder of ['', '/', 'a', 'a//', '../', 'a/../']) expect(isFolder(folder)).toBe(false)
  })

  it('knows the content type of what a recording consists of', () => {
    expect(contentTypeOf('r/hls/index.m3u8')).toBe('application/vnd.apple.mpegurl')
    expect(contentTypeOf('r/poster.jpg')).toBe('image/jpeg')
    expect(contentTypeOf('r/strange')).toBe('application/octet-stream')
  })
})
