import { expect, test } from 'vitest'
import type { EdgeMessage } from '../kit/edgeSocket.ts'
import { resendingFaults } from './resending.ts'

const ack = (seq: number): EdgeMessage => ({ type: 'ack', seq, bytes: 0 })
const resumed = (nextSeq: number): EdgeMessage => ({ type: 'resumed', epoch: 0, nextSeq })

test('going on behind what was acknowledged, or further where acknowledgements were lost, is right', () => {
  expect(resendingFaults([ack(0), ack(1), resumed(2), ack(2), resumed(5), ack(5)], 6)).toEqual([])
})

test('asking again for what was acknowledged is wrong', () => {
  expect(resendingFaults([ack(0), ack(1), resumed(1)], 6)).toHaveLength(1)
})

test('acknowledging what was never sent, or less than before, is wrong', () => {
  expect(resendingFaults([resumed(7)], 6)).toHaveLength(1)
  expect(resendingFaults([ack(4), ack(1)], 6)).toHaveLength(1)
})
