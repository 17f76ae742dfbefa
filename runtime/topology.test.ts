import fc from 'fast-check'
import { expect, it } from 'vitest'
import { declareBuckets, declareLogs, logSubject, shardOf, subjects } from './topology.ts'

const options = fc.record({
  shards: fc.integer({ min: 1, max: 64 }), replicas: fc.constantFrom(1, 3), bytes: fc.integer({ min: 1024 ** 2, max: 1024 ** 4 }), messageBytesMax: fc.integer({ min: 1024 ** 2, max: 64 * 1024 ** 2 })
})

it('all logs together never hold more than they may, and no log is empty', () => {
  fc.assert(fc.property(options, (chosen) => {
    const logs = declareLogs(chosen)
    expect(logs.reduce((sum, { bytesMax }) => sum + bytesMax, 0)).toBeLessThanOrEqual(chosen.bytes)
    expect(logs.every(({ bytesMax }) => bytesMax > 0)).toBe(true)
  }))
})

it('every bucket has a bound, and all of them take little beside the logs', () => {
  fc.assert(fc.property(options, ({ bytes }) => {
    const buckets = declareBuckets({ bytes })
    expect(buckets.every(({ bytesMax }) => bytesMax > 0)).toBe(true)
    expect(buckets.reduce((sum, { bytesMax }) => sum + bytesMax, 0)).toBeLessThanOrEqual(0.03 * bytes)
  }))
})

it('only what nothing durable hangs on ages or gives way; the rest refuses what does not fit', () => {
  for (const { name, ageMax_ms, discard } of declareLogs({ shards: 4, replicas: 1, bytes: 1024 ** 3, messageBytesMax: 1024 ** 2 })) {
    expect({ name, ages: ageMax_ms > 0 }).toEqual({ name, ages: name === 'EVENTS' })
    expect({ name, discard }).toEqual({ name, discard: name === 'EVENTS' || name === 'DEAD' ? 'old' : 'new' })
  }
})

it('an id is always in the same shard, whose log takes its subject', () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.integer({ min: 1, max: 64 }), (id, shards) => {
    const shard = shardOf(id, shards)
    expect(shard).toBeLessThan(shards)
    expect(logSubject('media', id, shards)).toEqual({ log: `MEDIA_${shard}`, subject: subjects.media(shard, id) })
    const declared = declareLogs({ shards, replicas: 1, bytes: 1024 ** 3, messageBytesMax: 1024 ** 2 }).find(({ name }) => name === `MEDIA_${shard}`)
    expect(declared?.subjects).toEqual([subjects.media(shard, '*')])
  }))
  expect([shardOf('stream', 4), shardOf('another-stream', 4), shardOf('stream', 16)]).toEqual([1, 2, 1])
})
