import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EventMessage } from './eventMessage.ts'
import { Resumption } from './Resumption.ts'

const event = (seq: number): EventMessage => ({ seq, streamId: 'garden', kind: 'segment_ready', text: '', block: new Uint8Array() })

it('each event comes once and in order, however what is replayed and what happens meanwhile interleave', () => {
  fc.assert(fc.property(fc.nat(20), fc.nat(20), fc.nat(20), fc.infiniteStream(fc.boolean()), (before, meanwhile, behind, choose) => {
    // The log is looked at in the middle of what happens meanwhile: some of it is replayed too.
    const to = before + Math.floor(meanwhile / 2)
    const replayed = Array.from({ length: to }, (_, i) => i + 1)
    const happening = Array.from({ length: meanwhile }, (_, i) => before + i + 1)
    const got: Array<number> = []
    const resumption = new Resumption(({ seq }) => got.push(seq), 1_000)
    while (replayed.length + happening.length > 0) {
      const fromLog = happening.length === 0 || (replayed.length > 0 && choose.next().value === true)
      const seq = (fromLog ? replayed : happening).shift()
      if (seq !== undefined) fromLog ? resumption.replay(event(seq)) : resumption.happen(event(seq))
    }
    resumption.goOn(to)
    const last = before + meanwhile
    for (let i = 1; i <= behind; i += 1) resumption.happen(event(last + i))
    expect(got).toEqual(Array.from({ length: last + behind }, (_, i) => i + 1))
    expect(resumption.overrun).toBe(false)
  }))
})

it('a client behind which too much happens is sent no more, so that it comes back for the rest', () => {
  const got: Array<number> = []
  const resumption = new Resumption(({ seq }) => got.push(seq), 2)
  resumption.replay(event(1))
  for (const seq of [10, 11, 12]) resumption.happen(event(seq))
  resumption.replay(event(2))
  expect(resumption.overrun).toBe(true)
  expect(got).toEqual([1])
})
