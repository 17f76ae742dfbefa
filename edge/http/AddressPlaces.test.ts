import { expect, it } from 'vitest'
import { AddressPlaces } from './AddressPlaces.ts'

it('an address has its share of the places, and all together no more than there are', () => {
  const places = new AddressPlaces(3, 2)
  const first = places.take('10.0.0.1')
  expect(places.take('10.0.0.1')).toBeDefined()
  expect(places.take('10.0.0.1')).toBeUndefined()
  expect(places.take('10.0.0.2')).toBeDefined()
  expect(places.take('10.0.0.3')).toBeUndefined()
  first?.()
  first?.()
  expect(places.taken).toBe(2)
  expect(places.take('10.0.0.3')).toBeDefined()
  expect(places.take('10.0.0.1')).toBeUndefined()
})
