import { Effect } from 'effect'
import type { NatsServer } from '../server/NatsServer.ts'
import type { Backend } from '../server/Backend.ts'
import type { Weather } from '../world/weather.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

/** What came of a request: an answer, or nothing within the time. */
export type Outcome<A> = { readonly _tag: 'Answer'; readonly value: A } | { readonly _tag: 'Lost' }

/** What arrives twice may do so long after its sender has given it up. */
const AGAIN_MS_MAX = 4_000
const LOST = { _tag: 'Lost' } as const

/** Time that one message takes. */
export const travel_ms = (process: SimulatedProcess, weather: Weather): number => {
  const { dice } = process.world
  const base = dice.between(0.1, 1.5)
  return weather.slowShare > 0 && dice.chance(weather.slowShare) ? base + dice.between(0, weather.slow_ms) : base
}

const isLost = (process: SimulatedProcess, weather: Weather): boolean => weather.lossShare > 0 && process.world.dice.chance(weather.lossShare)

/**
 * Asks NATS: `apply` happens on the server, which may be late, twice, or never, or happen without the asker learning of it.
 */
export const askNats = <A>(process: SimulatedProcess, server: NatsServer, weather: Weather, timeout_ms: number, apply: () => A): Effect.Effect<Outcome<A>> =>
  Effect.callback((resume) => {
    let open = true
    const close = (): void => {
      open = false
      timer.run = undefined
      forget()
    }
    const settle = (outcome: Outcome<A>): void => {
      if (!open) return
      close()
      resume(Effect.succeed(outcome))
    }
    const timer = process.after(timeout_ms, () => settle(LOST))
    const forget = process.nats.onLost(() => settle(LOST))
    const reply = (value: A): void => {
      if (isLost(process, weather) || !process.nats.open) return
      process.world.after(travel_ms(process, weather), () => {
        if (process.nats.open) process.post(() => settle({ _tag: 'Answer', value }))
      })
    }
    if (!isLost(process, weather)) {
      process.nats.send(travel_ms(process, weather), () => server.arrive(() => reply(apply())))
      if (weather.twiceShare > 0 && process.world.dice.chance(weather.twiceShare)) process.world.after(process.world.dice.between(0.1, AGAIN_MS_MAX), () => server.arrive(() => void apply()))
    }
    return Effect.sync(close)
  })

const REFUSED_MS = 2

/** Asks the object store or the database. */
export const askBackend = <A>(process: SimulatedProcess, backend: Backend, timeout_ms: number, apply: () => A): Effect.Effect<Outcome<A>> =>
  Effect.callback((resume) => {
    let open = true
    const settle = (outcome: Outcome<A>): void => {
      if (!open) return
      open = false
      timer.run = undefined
      resume(Effect.succeed(outcome))
    }
    const timer = process.after(timeout_ms, () => settle(LOST))
    const { world } = process
    const { weather } = backend
    if (!backend.up) process.after(REFUSED_MS, () => settle(LOST))
    else if (!process.cut.has(backend.name) && !isLost(process, weather)) {
      world.after(travel_ms(process, weather), () => {
        if (!backend.up) return
        const value = apply()
        if (!isLost(process, weather)) world.after(travel_ms(process, weather), () => process.post(() => settle({ _tag: 'Answer', value })))
      })
    }
    return Effect.sync(() => {
      open = false
      timer.run = undefined
    })
  })
