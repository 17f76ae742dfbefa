import { expect, test } from 'vitest'
import { livePath, routeOf, watchPath } from './route.ts'

test('the empty path is the home page', () => {
  expect(routeOf('/')).toEqual({ page: 'home' })
})

test('a stream page is found again by its own address, with or without a slash at its end', () => {
  expect(routeOf(watchPath('a_B-9'))).toEqual({ page: 'watch', id: 'a_B-9' })
  expect(routeOf('/watch/a_B-9/')).toEqual({ page: 'watch', id: 'a_B-9' })
})

test('the page that goes live is found, and what lies below its address is media', () => {
  expect(routeOf(livePath)).toEqual({ page: 'live' })
  expect(routeOf('/live/')).toEqual({ page: 'live' })
  expect(routeOf('/live/abc')).toEqual({ page: 'notFound' })
})

test.each(['/watch', '/watch/', '/watch/a.b', '/watch/..', '/watch/a/b', `/watch/${'x'.repeat(65)}`, '/else'])('%s is no page', (path) => {
  expect(routeOf(path)).toEqual({ page: 'notFound' })
})
