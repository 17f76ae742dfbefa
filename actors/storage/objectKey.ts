import { KEY_BYTES_MAX, KEY_SEGMENT_BYTES_MAX } from './limits.ts'

/** Control characters, backslashes, halves of surrogate pairs. */
const FORBIDDEN = /[\u0000-\u001f\u007f\\]|\p{Surrogate}/u

const isName = (name: string): boolean =>
  name !== '' && !name.startsWith('.') && Buffer.byteLength(name) <= KEY_SEGMENT_BYTES_MAX

/**
 * Whether `key` may name an object in every store: names joined by single slashes, none of them empty or beginning
 * with a dot, no control characters or backslashes, well-formed Unicode.
 */
export const isKey = (key: string): boolean =>
  Buffer.byteLength(key) <= KEY_BYTES_MAX && !FORBIDDEN.test(key) && key.split('/').every(isName)

/** Whether `prefix` names a folder of objects: a key and a slash. */
export const isFolder = (prefix: string): boolean => prefix.endsWith('/') && isKey(prefix.slice(0, -1))

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  mp4: 'video/mp4',
  m4s: 'video/iso.segment',
  jpg: 'image/jpeg',
  vtt: 'text/vtt',
  json: 'application/json',
  webm: 'video/webm'
}

/** Content type of an object, by the ending of its key; `application/octet-stream` where nothing better is known. */
export const contentTypeOf = (key: string): string => CONTENT_TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
