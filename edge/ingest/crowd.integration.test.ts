import { expect, test } from 'vitest'
import { freshNatsUrl } from '../../deploy/local/testing/services.ts'
import { startEdge } from './testing/edge.ts'
import { TestPublisher, until } from './testing/TestPublisher.ts'

test('of many publishers that start in the same moment, no more begin than there is room for', async () => {
  const begun = new Set<string>()
  const room = {
    refusal: () => (begun.size < 2 ? undefined : 'no actor node has room'),
    promise: (id: string) => void begun.add(id),
    figures: () => ({ capacity: 2, live: begun.size })
  }
  const edge = await startEdge(await freshNatsUrl(), {}, 'edge-a', undefined, room)
  try {
    const crowd = await Promise.all(Array.from({ length: 20 }, () => TestPublisher.connect(edge.url)))
    for (const publisher of crowd) publisher.say({ type: 'start' })
    await until('everybody has an answer', () => crowd.every((publisher) => publisher.last('started') !== undefined || publisher.closed !== undefined))
    expect(crowd.filter((publisher) => publisher.last('started') !== undefined).length).toBe(2)
    expect(crowd.filter(({ closed }) => closed?.code === 1013).length).toBe(18)
  } finally {
    await edge.stop()
  }
})
