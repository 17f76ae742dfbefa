import { expect, it } from 'vitest'
import type { RecordCodec } from './ActorKind.ts'
import { makeStamping } from './stamping.ts'

type Kind = 'TakeOver' | 'Moved' | 'Made' | 'Tick'
const codec: RecordCodec<Kind> = {
  encode: () => new Uint8Array(),
  decode: () => 'Tick',
  stampOf: () => ({ leaseRevision: 0, resumeSeq: 0, attempts: 0, fencingToken: 0, node: '', writtenAt_ms: 0 }),
  isProgress: (kind) => kind === 'Moved' || kind === 'Made',
  isOutput: (kind) => kind === 'Made',
  takeOver: () => 'TakeOver'
}
const owned = { id: 'x', token: 9, head: undefined, resumeSeq: 1, attempts: 2, brokenBy: 'it crashed' }

it('what broke before counts until a record moves the checkpoint on, and not behind it, whatever follows', () => {
  const stamping = makeStamping(codec, owned, 3, 'node')
  const stamp = (kind: Kind) => {
    const { attempts, brokenBy } = stamping.stampOf(kind, 1, 0)
    stamping.onStored(kind)
    return [attempts, brokenBy, stamping.progressed()]
  }
  expect([stamp('Tick'), stamp('Moved'), stamp('Tick'), stamp('Made'), stamp('Tick')]).toEqual([
    [2, 'it crashed', false], [0, '', false], [0, '', false], [0, '', true], [0, '', true]
  ])
  expect(stamping.stampOf('Tick', 7, 5)).toMatchObject({ leaseRevision: 3, resumeSeq: 7, fencingToken: 9, node: 'node', writtenAt_ms: 5 })
})
