import { Effect, type Fiber } from 'effect'
import type { RuntimeSettingsShape } from '../../../runtime/RuntimeSettings.ts'
import { type EdgeDoor, edgeProgram, type Surroundings, workerProgram } from '../process/programs.ts'
import { SimulatedProcess } from '../process/SimulatedProcess.ts'
import type { Premises } from './Premises.ts'

const RESTART_MS = 500
/** A drain that takes longer than its limit and this is not a drain. */
const DRAIN_SLACK_MS = 15_000

/** A machine on which one process of the platform runs, and runs again after it has gone. */
export abstract class Machine {
  readonly name: string
  readonly platform: Premises
  process: SimulatedProcess | undefined
  #fiber: Fiber.Fiber<void, unknown> | undefined
  #starting = false
  #draining = false

  constructor(platform: Premises, name: string) {
    this.platform = platform
    this.name = name
  }

  protected abstract program(around: Surroundings): Effect.Effect<void, unknown>
  protected abstract readonly roles: ReadonlyArray<string>
  protected abstract readonly messageBytesMax: number

  start(): void {
    if (this.process !== undefined) return
    const { platform } = this
    const process = new SimulatedProcess(platform.world, this.name)
    this.process = process
    this.#draining = false
    platform.server.processes.add(process)
    if (!platform.server.up) process.nats.disconnect()
    platform.world.note('process starts', this.name)
    const runtime: RuntimeSettingsShape = { ...platform.settings.runtime, node: this.name, roles: this.roles }
    const { weather } = platform
    const side = { process, server: platform.server, weather, shards: runtime.shards, messageBytesMax: this.messageBytesMax }
    const { store, database, watch: witness } = platform
    const around: Surroundings = { side, store, database, witness, runtime, stream: platform.settings.stream, fateOf: () => platform.fateOfChild(), mayBreak: (killed) => platform.mayBreak(killed), poison: platform.poison }
    process.post(() => {
      const fiber = Effect.runForkWith(process.context)(this.program(around))
      this.#fiber = fiber
      fiber.addObserver(() => this.#ended(process))
    })
  }

  /** As `kill -9`; it starts again after a while. */
  kill(restart_ms: number): void {
    const { process } = this
    if (process === undefined) return
    this.#forget(process)
    process.die()
    this.startIn(restart_ms)
  }

  /** As SIGTERM: it ends by itself, in bounded time, and starts again. */
  drain(restart_ms: number): void {
    const { process, platform } = this
    if (process === undefined || this.#draining) return
    this.#draining = true
    process.post(() => this.#fiber?.interruptUnsafe())
    platform.world.after(platform.settings.runtime.drain_ms + DRAIN_SLACK_MS, () => {
      if (this.process !== process) return
      if (platform.calm) platform.world.violate('a drain takes bounded time', this.name)
      this.kill(restart_ms)
    })
  }

  startIn(ms: number): void {
    if (this.#starting) return
    this.#starting = true
    this.platform.world.after(ms, () => {
      this.#starting = false
      this.start()
    })
  }

  #ended(process: SimulatedProcess): void {
    if (this.process !== process) return
    this.platform.world.note('process ends', this.name)
    this.#forget(process)
    process.die()
    this.startIn(RESTART_MS)
  }

  #forget(process: SimulatedProcess): void {
    this.process = undefined
    this.platform.server.processes.delete(process)
  }
}

/** A machine that owns streams, archives them and trims the logs. */
export class WorkerMachine extends Machine {
  protected readonly roles = ['actors', 'archive']
  protected get messageBytesMax(): number {
    return this.platform.settings.workerMessageBytesMax
  }

  protected program(around: Surroundings): Effect.Effect<void, unknown> {
    return workerProgram(around)
  }
}

/** A machine that takes publishers and serves viewers. */
export class EdgeMachine extends Machine {
  protected readonly roles = ['edge']
  #door: { readonly process: SimulatedProcess; readonly door: EdgeDoor } | undefined

  protected get messageBytesMax(): number {
    return this.platform.settings.edgeMessageBytesMax
  }

  /** Where clients come in; undefined while it does not serve. */
  get door(): EdgeDoor | undefined {
    return this.#door !== undefined && this.#door.process === this.process ? this.#door.door : undefined
  }

  protected program(around: Surroundings): Effect.Effect<void, unknown> {
    return edgeProgram(around, (door) => {
      this.#door = { process: around.side.process, door }
    })
  }
}
