import { expect, test } from 'vitest'
import { natsAddress } from './natsAddress.ts'

test('reads one server, with and without credentials', () => {
  expect(natsAddress('nats://a:4222')).toEqual({ servers: ['a:4222'], credentials: {} })
  expect(natsAddress('nats://u%40x:p%2Cw@a:4222')).toEqual({ servers: ['a:4222'], credentials: { user: 'u@x', pass: 'p,w' } })
})

test('reads the servers of a cluster, whose credentials stand at one of them', () => {
  expect(natsAddress('nats://u:p@a:4222, b:4223,nats://c:4224')).toEqual({ servers: ['a:4222', 'b:4223', 'c:4224'], credentials: { user: 'u', pass: 'p' } })
})
