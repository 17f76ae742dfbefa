import { Clock, type Context, Duration, Effect, Random, References, Scheduler } from 'effect'
import * as EffectContext from 'effect/Context'
import type { Scheduled } from '../world/EventQueue.ts'
import { Dice } from '../world/Dice.ts'
import type { World } from '../world/World.ts'
import { NatsLink } from './NatsLink.ts'

/** A wall clock that all processes start near, ms since 1970. */
const WALL_MS = 1_700_000_000_000

/**
 * One process of the world. Effect programs run in it as they are: on its own scheduler, its own two clocks and its own
 * chance. It can be frozen and thawed, and it can die: then nothing in it ever happens again.
 */
export class SimulatedProcess {
  readonly world: World
  readonly name: string
  readonly dice: Dice
  readonly nats: NatsLink
  /** Services that it cannot reach. */
  readonly cut = new Set<string>()
  /** What every program in this process runs with. */
  readonly context: Context.Context<never>
  #wallOffset_ms: number
  readonly #monoBase_ms: number
  readonly #tasks: Array<() => void> = []
  #held: Array<() => void> = []
  readonly #onDeath: Array<() => void> = []
  #disturbed_ms: number
  #frozen = false
  #dead = false

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.dice = new Dice(world.dice.below(2 ** 31))
    this.#wallOffset_ms = WALL_MS + Math.round(world.dice.between(-500, 500))
    this.#monoBase_ms = world.dice.between(0, 1_000_000) - world.now_ms
    this.#disturbed_ms = world.now_ms
    this.nats = new NatsLink(this)
    this.context = contextOf(this)
  }

  static #current: SimulatedProcess | undefined

  /** The process whose code runs just now. */
  static get current(): SimulatedProcess | undefined {
    return SimulatedProcess.#current
  }

  get dead(): boolean {
    return this.#dead
  }

  get frozen(): boolean {
    return this.#frozen
  }

  mono_ms(): number {
    return this.#monoBase_ms + this.world.now_ms
  }

  wall_ms(): number {
    return Math.floor(this.#wallOffset_ms + this.world.now_ms)
  }

  /** Somebody sets the wall clock. */
  setWallBy(ms: number): void {
    this.#wallOffset_ms += ms
  }

  /** Something reaches the process: it happens now, or once the process is thawed, or never. */
  post(run: () => void): void {
    if (this.#dead) return
    if (this.#frozen) this.#held.push(run)
    else this.#enter(run)
  }

  /** A timer of the process. */
  after(delay_ms: number, run: () => void): Scheduled {
    const timer = this.world.after(delay_ms, () => this.post(() => timer.run !== undefined && run()))
    return timer
  }

  schedule(task: () => void): void {
    this.#tasks.push(task)
  }

  /** Something happened to it for which it may be taken for gone. */
  disturb(): void {
    this.#disturbed_ms = this.world.now_ms
  }

  /** Whether it has been well for so long that nobody may take it for gone. */
  isWell(for_ms: number): boolean {
    return !this.#dead && !this.#frozen && this.nats.open && this.world.now_ms - this.#disturbed_ms >= for_ms
  }

  freeze(): void {
    this.disturb()
    this.#frozen = true
  }

  /** All that came meanwhile happens at once. */
  thaw(): void {
    this.disturb()
    this.#frozen = false
    const held = this.#held
    this.#held = []
    for (const run of held) this.post(run)
  }

  /** Calls back when the process dies. */
  onDeath(callback: () => void): void {
    this.#onDeath.push(callback)
  }

  /** As `kill -9`. */
  die(): void {
    if (this.#dead) return
    this.#dead = true
    for (const callback of this.#onDeath) callback()
    this.#held = []
    this.#tasks.length = 0
  }

  #enter(run: () => void): void {
    const before = SimulatedProcess.#current
    SimulatedProcess.#current = this
    try {
      run()
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task()
    } finally {
      SimulatedProcess.#current = before
    }
  }
}

const OPS_BEFORE_YIELD = 2_048

const contextOf = (process: SimulatedProcess): Context.Context<never> => {
  const dispatcher: Scheduler.SchedulerDispatcher = { scheduleTask: (task) => process.schedule(task), flush: () => undefined }
  const scheduler: Scheduler.Scheduler = {
    executionMode: 'async',
    shouldYield: (fiber) => fiber.currentOpCount >= OPS_BEFORE_YIELD,
    makeDispatcher: () => dispatcher
  }
  const random = { nextIntUnsafe: () => process.dice.below(2 ** 31), nextDoubleUnsafe: () => process.dice.next() }
  return EffectContext.empty().pipe(
    EffectContext.add(Scheduler.Scheduler, scheduler),
    EffectContext.add(Clock.Clock, clockOf(process)),
    EffectContext.add(Random.Random, random),
    EffectContext.add(References.MinimumLogLevel, 'None')
  )
}

const NANOSECONDS_PER_MS = 1_000_000

const clockOf = (process: SimulatedProcess): Clock.Clock => {
  const wall = (): number => process.wall_ms()
  const nanos = (ms: number): bigint => BigInt(Math.round(ms * NANOSECONDS_PER_MS))
  return {
    currentTimeMillisUnsafe: wall,
    currentTimeMillis: Effect.sync(wall),
    currentTimeNanosUnsafe: () => nanos(wall()),
    currentTimeNanos: Effect.sync(() => nanos(wall())),
    monotonicTimeNanosUnsafe: () => nanos(process.mono_ms()),
    monotonicTimeNanos: Effect.sync(() => nanos(process.mono_ms())),
    sleep: (duration) => {
      const ms = Duration.toMillis(duration)
      if (ms <= 0) return Effect.yieldNow
      return Effect.callback((resume) => {
        const timer = process.after(ms, () => resume(Effect.void))
        return Effect.sync(() => {
          timer.run = undefined
        })
      })
    }
  }
}
