/** What publishers do to their own streams: they go, come back elsewhere, begin anew, or never return. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import { type Fault, fault } from '../Fault.ts'

const group = 'publisher'

const drops = fault({
  name: 'publisher gone for 2 s, back at another edge',
  group,
  strike: async ({ streams }) => {
    for (const { current } of streams) current.publisher.drop(2_000)
    const resumed = (): boolean => streams.every(({ current }) => current.publisher.messages.some(({ type }) => type === 'resumed'))
    await until('every publisher has resumed', async () => (resumed() ? true : undefined))
  },
})

const dropsOften = fault({
  name: 'publisher drops ten times',
  group,
  strike: async ({ streams }) => {
    for (let time = 0; time < 10; time++) {
      for (const { current } of streams) current.publisher.drop()
      await delay(330)
    }
  },
})

const beginsAnew = fault({
  name: 'a newer publisher begins anew at another edge and fences the older',
  group,
  strike: async (world) => {
    const olders = world.streams.map(({ current }) => current)
    await Promise.all(world.streams.map((stream) => stream.beginAnew(world.node('edge-1').url)))
    const codes = await until('every older publisher is told', async () => {
      const ended = olders.flatMap((older) => (older.ended === undefined ? [] : [older.ended.code]))
      return ended.length === olders.length ? ended : undefined
    })
    if (codes.some((code) => code !== 4409)) throw new Error(`older publishers were closed with ${codes.join(', ')}`)
  },
})

const window_ms = 3_000

const neverReturns = fault({
  name: 'publisher gone for longer than the reconnect window',
  group,
  platform: { environment: { RECONNECT_WINDOW_MS: String(window_ms) } },
  strike: async ({ streams }) => {
    const begun_ms = performance.now()
    for (const stream of streams) stream.leave()
    await Promise.all(streams.map(({ watching }) => watching))
    if (performance.now() - begun_ms < window_ms) throw new Error('streams ended before the reconnect window was over')
  },
})

/** The faults, quickest first. */
export const publisherFaults: ReadonlyArray<Fault> = [drops, dropsOften, beginsAnew, neverReturns]
