import { expect, test } from 'vitest'
import type { StoredMedia } from './natsView.ts'
import { goingOn_ms, takeOver_ms, zombieWrites } from './ownership.ts'

const record = (seq: number, node: string, token: number): StoredMedia => ({ seq, node, token, body: token === 0 ? 'takeOver' : 'fragments', at_ms: seq * 100 })

const handedOver = [record(1, 'a', 0), record(2, 'a', 1), record(3, 'b', 0), record(5, 'b', 3)]

test('one owner after another is right', () => {
  expect(zombieWrites(handedOver)).toEqual([])
})

test('a record of the old owner behind the new one’s TakeOver is found', () => {
  expect(zombieWrites([...handedOver, record(6, 'a', 1)])).toHaveLength(1)
})

test('a change of owner lasts from the time at which the old one went to the first frames of the new one', () => {
  expect(takeOver_ms(handedOver, 250)).toEqual({ claimed_ms: 50, took_ms: 250 })
  expect(goingOn_ms(handedOver, 250)).toBe(200)
  expect(goingOn_ms(handedOver, 350)).toBeUndefined()
  expect(takeOver_ms(handedOver, 350)).toBeUndefined()
})
