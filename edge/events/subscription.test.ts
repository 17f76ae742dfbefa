import { Result } from 'effect'
import { expect, it } from 'vitest'
import { readSubscription } from './subscription.ts'

const read = (query: string) => readSubscription(new URLSearchParams(query))

it('a socket follows all streams, or those that it names', () => {
  expect(read('')).toEqual(Result.succeed(undefined))
  expect(read('streams=a,b,a&other=1')).toEqual(Result.succeed(new Set(['a', 'b'])))
  expect(read('streams=a%2Cb')).toEqual(Result.succeed(new Set(['a', 'b'])))
})

it('names that are none, and more than it may name, are refused', () => {
  for (const query of ['streams=', 'streams=a,', 'streams=a/b', 'streams=a,%3Cb%3E', `streams=${'x'.repeat(65)}`]) expect(Result.isFailure(read(query)), query).toBe(true)
  const names = (count: number) => `streams=${Array.from({ length: count }, (_, i) => `s${i}`).join()}`
  expect(Result.isSuccess(read(names(50)))).toBe(true)
  expect(read(names(51))).toEqual(Result.fail('a socket may name 50 streams'))
})
