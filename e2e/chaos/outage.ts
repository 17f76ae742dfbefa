/** What an outage of NATS may not change: who owns a stream, and that its publisher is connected. */
import { NatsError } from 'nats'
import { until } from '../../actors/archive/testing/until.ts'
import type { ChaosStream } from './ChaosStream.ts'
import type { ChaosWorld } from './ChaosWorld.ts'

/** Owners before an outage. */
export interface Ownership {
  readonly owners: ReadonlyMap<string, string>
  readonly ffmpegs: ReadonlyArray<number>
  /** Sequence of the newest owner's TakeOver, by stream. */
  readonly tokens: ReadonlyMap<string, number>
}

/** Who owns what now; asks again while NATS has no answer. */
export const ownership = (world: ChaosWorld): Promise<Ownership> =>
  until('NATS says who owns what', () => look(world).catch((error: unknown) => (error instanceof NatsError ? undefined : Promise.reject(error))), 30_000)

const look = async (world: ChaosWorld): Promise<Ownership> => {
  const tokenOf = async ({ id }: ChaosStream): Promise<readonly [string, number]> => {
    const last = (await world.nats.media(id)).at(-1)
    return [id, last?.body === 'takeOver' ? last.seq : (last?.token ?? 0)]
  }
  const [owners, tokens] = await Promise.all([world.owners(), Promise.all(world.streams.map(tokenOf))])
  return { owners, ffmpegs: world.ffmpegs(), tokens: new Map(tokens) }
}

/** Throws where a stream has another owner than before, another FFmpeg, or was taken over: an outage moves nobody. */
export const expectUnmoved = async (world: ChaosWorld, before: Ownership): Promise<void> => {
  const now = await ownership(world)
  for (const { id } of world.streams) {
    const [was, is] = [before.owners.get(id), now.owners.get(id)]
    if (was !== is) throw new Error(`${id} went from ${was} to ${is}`)
    if (before.tokens.get(id) !== now.tokens.get(id)) throw new Error(`${id} was taken over by its own node`)
  }
  const replaced = before.ffmpegs.filter((pid) => !now.ffmpegs.includes(pid))
  if (replaced.length > 0) throw new Error(`${replaced.length} FFmpegs were replaced`)
}

const comebacks = ({ epochs }: ChaosStream): number =>
  epochs.reduce((count, { publisher }) => count + publisher.messages.filter(({ type }) => type === 'resumed').length, 0)

/** Throws where a publisher had to connect again: it waits for its acks, and that is all. */
export const expectConnected = (world: ChaosWorld): void => {
  const dropped = world.streams.filter((stream) => comebacks(stream) > 0)
  if (dropped.length > 0) throw new Error(`publishers of ${dropped.map(({ id }) => id).join(', ')} had to come back`)
}

/** Strikes, which ends healed; afterwards all is acknowledged, no publisher had to come back, and the owners are who they were. */
export const expectNothingMoves = async (world: ChaosWorld, strike: () => Promise<void>, acknowledgedWithin_ms?: number): Promise<void> => {
  const before = await ownership(world)
  await strike()
  await untilAcknowledged(world, acknowledgedWithin_ms)
  expectConnected(world)
  await expectUnmoved(world, before)
}

/** Chunks acknowledged so far, of all publishers. */
export const acknowledged = (world: ChaosWorld): number => world.streams.reduce((sum, { current }) => sum + current.publisher.acknowledged(), 0)

/** Waits until every publisher has the acks of all that it has sent until now; notes how long that took. */
export const untilAcknowledged = async (world: ChaosWorld, within_ms = 15_000): Promise<void> => {
  const begun_ms = performance.now()
  const sent = world.streams.map(({ current }) => current.publisher.sent())
  const isDone = (): boolean => world.streams.every(({ current }, index) => current.publisher.acknowledged() >= (sent[index] ?? 0))
  await until('everything sent is acknowledged', async () => (isDone() ? true : undefined), within_ms)
  world.figures.set('all acknowledged after', performance.now() - begun_ms)
}
