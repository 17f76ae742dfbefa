import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Move, PresenceTable, type Visit } from './PresenceTable.ts'

const STREAMS = ['garden', 'street']
const KEYS = ['ann', 'ben', 'cleo', 'dan']

const step = fc.oneof(
  fc.record({ _tag: fc.constant('Enter' as const), stream: fc.constantFrom(...STREAMS), key: fc.constantFrom(...KEYS) }),
  fc.record({ _tag: fc.constant('Leave' as const), which: fc.nat(), linger_ms: fc.constantFrom(undefined, 0, 800, 1_500, 9_000) }),
  fc.record({ _tag: fc.constant('Pass' as const), ms: fc.nat(4_000) })
)

/** What the table is to say, from all that ever happened. */
class Model {
  readonly visits: Array<{ readonly stream: string; readonly key: string; readonly visit: Visit; open: boolean }> = []
  readonly until = new Map<string, number>()

  viewers(stream: string, now_ms: number): ReadonlyArray<string> {
    const isHere = (key: string): boolean => (this.until.get(`${stream}/${key}`) ?? 0) > now_ms || this.visits.some((visit) => visit.open && visit.stream === stream && visit.key === key)
    return KEYS.filter(isHere)
  }
}

describe('who watches', () => {
  it('is who has something open or closed something lately, once a stream, and each coming and going is told once', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const moves: Array<Move> = []
      const table = new PresenceTable(100, (move) => moves.push(move))
      const model = new Model()
      let now_ms = 1
      for (const one of steps) {
        if (one._tag === 'Enter') model.visits.push({ ...one, visit: table.enter(one.stream, one.key), open: true })
        if (one._tag === 'Pass') now_ms += one.ms
        const left = one._tag === 'Leave' ? model.visits[one.which % Math.max(1, model.visits.length)] : undefined
        if (one._tag === 'Leave' && left !== undefined) {
          table.leave(left.visit, one.linger_ms, now_ms)
          if (left.open && one.linger_ms !== undefined) model.until.set(`${left.stream}/${left.key}`, now_ms + one.linger_ms)
          left.open = false
        }
        table.expire(now_ms)
        for (const stream of STREAMS) {
          const here = model.viewers(stream, now_ms)
          expect(table.count(stream)).toBe(here.length)
          const told = KEYS.filter((key) => moves.findLast((move) => move.stream === stream && move.key === key)?.came)
          expect(told).toEqual(here)
        }
        expect(new Map(table.counts())).toEqual(new Map(STREAMS.map((stream) => [stream, table.count(stream)] as const).filter(([, count]) => count > 0)))
        expect(table.size).toBe(table.count('garden') + table.count('street'))
      }
      const ofOne = Map.groupBy(moves, ({ stream, key }) => `${stream}/${key}`)
      for (const mine of ofOne.values()) expect(mine.map(({ came }) => came)).toEqual(mine.map((_, i) => i % 2 === 0))
    }))
  })

  it('beyond its keys it counts what is open, each as a viewer, and nothing is left of it', () => {
    const moves: Array<Move> = []
    const table = new PresenceTable(1, (move) => moves.push(move))
    const ann = table.enter('garden', 'ann')
    const others = [table.enter('garden', 'ben'), table.enter('garden', 'ben'), table.enter('street', 'cleo')]
    expect([table.count('garden'), table.count('street'), table.size]).toEqual([3, 1, 4])
    expect(table.enter('garden', 'ann').viewer).toBe(ann.viewer)
    for (const other of others) table.leave(other, 9_000, 1)
    expect([table.count('garden'), table.count('street'), table.size]).toEqual([1, 0, 1])
    expect(moves).toEqual([{ stream: 'garden', key: 'ann', came: true }])
  })
})
