import fc from 'fast-check'
import { expect, it } from 'vitest'
import { StderrTail } from './StderrTail.ts'

it('keeps the newest bytes of whatever came', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z\n]{0,30}$/)), fc.integer({ min: 1, max: 50 }), (pieces, limit) => {
      const tail = new StderrTail(limit)
      for (const piece of pieces) tail.push(Buffer.from(piece))
      expect(tail.text()).toBe(pieces.join('').slice(-limit))
    }),
  )
})

it('leaves control characters out', () => {
  const tail = new StderrTail()
  tail.push(Buffer.from('\u001b[31mred\u0000\nnext'))
  expect(tail.text()).toBe('[31mred\nnext')
})
