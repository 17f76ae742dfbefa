import { expect, it } from 'vitest'
import { isOriginAllowed } from './socketOrigin.ts'

it.each([
  ['a page of an origin that is allowed', ['https://a.example'], 'https://a.example', 'live.example', true],
  ['any page where any is allowed', ['*'], 'https://b.example', 'live.example', true],
  ['a page of this server', [], 'https://live.example', 'live.example', true],
  ['a page of this server on a port of its own', [], 'http://127.0.0.1:8080', '127.0.0.1:8080', true],
  ['a program, which has no origin', ['https://a.example'], '', 'live.example', true],
  ['another page', ['https://a.example'], 'https://b.example', 'live.example', false],
  ['a page of a subdomain', ['https://a.example'], 'https://x.a.example', 'live.example', false],
  ['a page of this host on another port', [], 'http://127.0.0.1:9999', '127.0.0.1:8080', false],
  ['a sandboxed page', ['https://a.example'], 'null', '', false]
])('%s', (_, allowed, origin, host, expected) => {
  expect(isOriginAllowed(allowed, origin, host)).toBe(expected)
})
