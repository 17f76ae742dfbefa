import { expect, it } from 'vitest'
import { type ViewerName, viewerKey } from './viewerKey.ts'

const secret = Uint8Array.of(1, 2, 3)
const ann: ViewerName = { _tag: 'Id', id: 'ann' }

it('a viewer is the same as long as stream, process and what it is known by are, and nobody else is', () => {
  expect(viewerKey(secret, 'garden', ann)).toBe(viewerKey(secret, 'garden', { ...ann }))
  const others: ReadonlyArray<ViewerName> = [
    { _tag: 'Id', id: 'ben' }, { _tag: 'Client', address: '10.0.0.1', userAgent: 'A' }, { _tag: 'Client', address: '10.0.0.1', userAgent: 'B' },
    { _tag: 'Client', address: '10.0.0.2', userAgent: 'A' }, { _tag: 'Socket', number: 1 }, { _tag: 'Socket', number: 2 }, { _tag: 'Id', id: '1' }
  ]
  const keys = [ann, ...others].map((name) => viewerKey(secret, 'garden', name))
  expect(new Set([...keys, viewerKey(secret, 'street', ann), viewerKey(Uint8Array.of(4), 'garden', ann)]).size).toBe(keys.length + 2)
})

it('says nothing of an address, a browser or an id', () => {
  expect(viewerKey(secret, 'garden', ann)).toMatch(/^[A-Za-z0-9_-]{16}$/)
  expect(viewerKey(secret, 'garden', { _tag: 'Client', address: '10.0.0.1', userAgent: 'x'.repeat(10_000) })).toMatch(/^[A-Za-z0-9_-]{16}$/)
})
