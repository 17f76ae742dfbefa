import { mediaCodec } from '../../../actors/stream/mediaCodec.ts'
import { type StreamState, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import type { Fate } from '../process/ffmpegService.ts'
import type { SimulatedProcess } from '../process/SimulatedProcess.ts'
import { StreamTruth } from '../rules/StreamTruth.ts'
import { Watch } from '../rules/Watch.ts'
import { DatabaseServer, StoreServer } from '../server/Backend.ts'
import { NatsServer } from '../server/NatsServer.ts'
import { fairWeather } from '../world/weather.ts'
import type { World } from '../world/World.ts'
import type { Camera } from './camera.ts'
import { EdgeMachine, type Machine, WorkerMachine } from './machines.ts'
import type { Premises } from './Premises.ts'
import { Publisher, type PublisherPlan } from './Publisher.ts'
import type { PlatformSettings } from './settings.ts'
import { type KnownPlaylists, Viewer } from './Viewer.ts'

/** FFmpeg breaks by itself no more often than this: more would be a source on which there is no going on. */
const FFMPEG_BREAKS_APART_MS = 10_000
/** Children killed in a row without anything new of a stream. */
const KILLS_MAX = 2
/** A node that has been well for two leases and this is not gone for anyone. */
const LEASE_SLACK_MS = 1_000
/** Way of messages. */
const WINDOW_SLACK_MS = 100

/** The whole platform in one world: servers, processes, publishers, and what watches them. */
export class Platform implements Premises {
  readonly world: World
  readonly settings: PlatformSettings
  readonly server: NatsServer
  readonly store = new StoreServer()
  readonly database = new DatabaseServer()
  readonly weather = fairWeather()
  readonly truths = new Map<string, StreamTruth>()
  readonly watch: Watch
  readonly workers: ReadonlyArray<WorkerMachine>
  readonly edges: ReadonlyArray<EdgeMachine>
  readonly publishers: Array<Publisher> = []
  readonly #playlists: KnownPlaylists = new Map()
  readonly poison = new Set<number>()
  /** No fault is going on. */
  calm = true
  childrenDie = false
  #lastBreak_ms = Number.NEGATIVE_INFINITY
  #progressAtBreak: ReadonlyMap<string, number> = new Map()
  #progressAtKill: ReadonlyMap<string, number> = new Map()
  #kills = 0
  #down_ms = 0
  #downSince_ms: number | undefined
  #trouble_ms = 0

  constructor(world: World, settings: PlatformSettings) {
    this.world = world
    this.settings = settings
    this.server = new NatsServer(world, settings.runtime.shards, settings.runtime.logBytes)
    this.watch = new Watch(world, this.server, this.store, this.database, this.truths, (process) => this.#isWell(process))
    this.server.witnesses.push(this.watch)
    this.workers = Array.from({ length: settings.workers }, (_, index) => new WorkerMachine(this, `worker-${index}`))
    this.edges = Array.from({ length: settings.edges }, (_, index) => new EdgeMachine(this, `edge-${index}`))
    for (const machine of this.machines) machine.startIn(world.dice.between(0, 300))
  }

  get machines(): ReadonlyArray<Machine> {
    return [...this.workers, ...this.edges]
  }

  /** Time that NATS has been there, ms. That it was away for less than half a lease, nobody may have noticed. */
  readonly uptime_ms = (): number => {
    return this.world.now_ms - this.#down_ms - this.#away_ms()
  }

  publish(plan: PublisherPlan): Publisher {
    const truth = new StreamTruth(this.world, plan.id, { window_ms: this.settings.stream.reconnectWindow_ms, slack_ms: WINDOW_SLACK_MS }, this.uptime_ms)
    this.truths.set(plan.id, truth)
    const publisher = new Publisher(this.world, plan, this.publishers.length, (camera) => this.#films(truth, camera), truth, () => this.edges)
    this.publishers.push(publisher)
    for (let i = 0; i < this.settings.viewers; i++) new Viewer(this.world, truth, () => this.edges, this.#playlists)
    return publisher
  }

  #films(truth: StreamTruth, camera: Camera): void {
    truth.filmedBy(camera)
    if (camera.poison !== undefined) this.poison.add(camera.poison)
  }

  /** NATS or the network to it is not what it should be. */
  disturb(): void {
    this.#trouble_ms = this.world.now_ms
  }

  #isWell(process: SimulatedProcess): boolean {
    const long_ms = 2 * this.settings.runtime.lease_ms + LEASE_SLACK_MS
    const fair = this.weather.lossShare === 0 && this.weather.slowShare === 0 && this.server.awake && this.world.now_ms - this.#trouble_ms >= long_ms
    return fair && process.isWell(long_ms)
  }

  freezeNats(): void {
    this.disturb()
    this.#downSince_ms ??= this.world.now_ms
    this.server.freeze()
  }

  thawNats(): void {
    this.disturb()
    this.#isUpAgain()
    this.server.thaw()
  }

  killNats(): void {
    this.disturb()
    this.#downSince_ms ??= this.world.now_ms
    this.server.kill()
  }

  restartNats(): void {
    this.disturb()
    this.#isUpAgain()
    this.server.restart()
  }

  #isUpAgain(): void {
    this.#down_ms += this.#away_ms()
    this.#downSince_ms = undefined
  }

  #away_ms(): number {
    const away_ms = this.#downSince_ms === undefined ? 0 : this.world.now_ms - this.#downSince_ms
    return away_ms >= this.settings.runtime.lease_ms / 2 ? away_ms : 0
  }

  /** What becomes of an FFmpeg child that starts now. */
  readonly fateOfChild = (): Fate => {
    const { dice } = this.world
    if (!this.childrenDie || dice.chance(0.5)) return { _tag: 'Healthy' }
    const afterBytes = dice.below(3_000)
    if (dice.chance(0.3)) return { _tag: 'Ends', afterBytes, guess: dice.pick([0, 1, 90, 3_000, 9_000]) ?? 0 }
    return dice.chance(0.2) ? { _tag: 'Hangs', afterBytes } : { _tag: 'Dies', afterBytes, reason: dice.chance(0.6) ? 'killed' : 'garbage' }
  }

  /**
   * Every stream must have got on since a child broke by itself: one that breaks twice on the same frames would make them
   * poison. Somebody may kill a few in between: too many, and there is no going on.
   */
  readonly mayBreak = (killed: boolean): boolean => {
    const going = [...this.truths].filter(([, { media }]) => !media.ended)
    const progressed = (since: ReadonlyMap<string, number>): boolean => going.every(([id, { media }]) => media.progress > (since.get(id) ?? -1))
    const now = new Map(going.map(([id, { media }]) => [id, media.progress + 1]))
    if (progressed(this.#progressAtKill)) this.#kills = 0
    // What was on its way when the child broke is stored behind the break: only the owner's own count says that there is none.
    const isCounted = going.some(([, { media: { head } }]) => head !== undefined && mediaCodec.stampOf(head.record).attempts > 0)
    const apart = this.world.now_ms - this.#lastBreak_ms > FFMPEG_BREAKS_APART_MS
    const may = this.childrenDie && (killed ? this.#kills < KILLS_MAX : apart && !isCounted && progressed(this.#progressAtBreak))
    if (!may) return false
    this.#kills += killed ? 1 : 0
    if (killed) this.#progressAtKill = now
    else [this.#lastBreak_ms, this.#progressAtBreak] = [this.world.now_ms, now]
    return true
  }

  status(id: string): StreamStatus | undefined {
    return (this.server.buckets.streams.get(id)?.value as StreamState | undefined)?.status
  }

  /** Publishers are done, and every stream that began is ended and archived. */
  atRest(): boolean {
    return this.publishers.every(({ over }) => over) && [...this.truths.keys()].every((id) => (this.status(id) ?? StreamStatus.ARCHIVED) === StreamStatus.ARCHIVED)
  }
}
