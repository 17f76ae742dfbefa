import { expect, it } from 'vitest'
import { WaitingSockets } from './WaitingSockets.ts'

it('an address that has its share of waiting sockets loses its oldest, nobody else one', () => {
  const waiting = new WaitingSockets<string>(10, 2)
  expect(waiting.enter('other', '10.0.0.2')).toBeUndefined()
  expect(waiting.enter('first', '10.0.0.1')).toBeUndefined()
  expect(waiting.enter('second', '10.0.0.1')).toBeUndefined()
  expect(waiting.enter('third', '10.0.0.1')).toBe('first')
})

it('when all places are taken the oldest of all goes', () => {
  const waiting = new WaitingSockets<string>(2, 2)
  waiting.enter('first', '10.0.0.1')
  waiting.enter('second', '10.0.0.2')
  expect(waiting.enter('third', '10.0.0.3')).toBe('first')
})

it('who has asked for something waits no more, and its share is free', () => {
  const waiting = new WaitingSockets<string>(10, 1)
  waiting.enter('first', '10.0.0.1')
  expect(waiting.leave('first')).toBe(true)
  expect(waiting.leave('first')).toBe(false)
  expect(waiting.enter('second', '10.0.0.1')).toBeUndefined()
  expect(waiting.size).toBe(1)
})
