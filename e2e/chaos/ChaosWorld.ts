/** A platform under chaos: real nodes on real services, streams with their publishers and viewers, and hands to break it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../actors/archive/testing/until.ts'
import { freePort } from '../../deploy/local/ports.ts'
import { type PlatformNode, startNode } from '../kit/platformNode.ts'
import type { Arrangement, PlatformNeeds } from './arrangement.ts'
import type { ChaosStream } from './ChaosStream.ts'
import { type NatsView, natsView } from './natsView.ts'
import type { WorldServices } from './worldServices.ts'

const usualShards = 2
/** Below the film's 180 lines. */
const rung = '144p'
/** Small enough for seconds: streams of chaos are short. */
const settings = { MILLRACE_LOG_BYTES: String(512 * 1024 ** 2) }

/** How a world is built. */
export interface WorldOptions {
  readonly services: WorldServices
  readonly arrangement: Arrangement
  readonly needs: PlatformNeeds
  /** Nothing runs beside it, so that times which are promised must hold. */
  readonly alone: boolean
  /** For logs and for what nodes and their children put into temporary folders. */
  readonly folder: string
}

/** One platform. */
export class ChaosWorld {
  readonly services: WorldServices
  readonly folder: string
  /** Nothing runs beside it, so that times which are promised must hold. */
  readonly alone: boolean
  readonly nats: NatsView
  /** Every process that ran, those that ended too. */
  readonly started: Array<PlatformNode> = []
  /** Set by the runner before the fault strikes. */
  streams: ReadonlyArray<ChaosStream> = []
  /** What the fault measured, by name, ms. */
  readonly figures = new Map<string, number>()
  private readonly options: WorldOptions
  private readonly ports = new Map<string, number>()

  private constructor(options: WorldOptions) {
    this.options = options
    this.services = options.services
    this.folder = options.folder
    this.alone = options.alone
    this.nats = natsView(options.services.urls.NATS_URL, options.needs.shards ?? usualShards)
  }

  /** Starts `edge-0…`, the last of which archives too, and `actors-0…`. */
  static readonly start = async (options: WorldOptions): Promise<ChaosWorld> => {
    const world = new ChaosWorld(options)
    const { edges = 2, actors = 2 } = options.needs
    const wanted = [
      ...Array.from({ length: edges }, (_, index) => [`edge-${index}`, index === edges - 1 ? 'edge,archive' : 'edge'] as const),
      ...Array.from({ length: actors }, (_, index) => [`actors-${index}`, 'actors'] as const),
    ]
    mkdirSync(world.temporary)
    await Promise.all(wanted.map(([name, roles]) => world.startNode(name, roles)))
    return world
  }

  /** Starts the nodes that are to own nothing yet. */
  async startStandby(): Promise<void> {
    const { actors = 2, standby = 0 } = this.options.needs
    await Promise.all(Array.from({ length: standby }, (_, index) => this.startNode(`actors-${actors + index}`, 'actors')))
  }

  /** What nodes have as temporary folder. */
  get temporary(): string {
    return join(this.folder, 'tmp')
  }

  /** The newest process of each name, by name. */
  get nodes(): ReadonlyArray<PlatformNode> {
    return [...new Map(this.started.map((node) => [node.name, node])).values()].sort((a, b) => a.name.localeCompare(b.name))
  }

  get edges(): ReadonlyArray<PlatformNode> {
    return this.nodes.filter(({ roles }) => roles.includes('edge'))
  }

  get actors(): ReadonlyArray<PlatformNode> {
    return this.nodes.filter(({ roles }) => roles.includes('actors'))
  }

  /** The node of that name. */
  node(name: string): PlatformNode {
    const found = this.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`there is no node ${name}`)
    return found
  }

  /** Starts a node, or another process of a node that has ended, at the same port. */
  async startNode(name: string, roles: string): Promise<PlatformNode> {
    const { services, arrangement, needs, folder } = this.options
    const port = this.ports.get(name) ?? (await freePort())
    this.ports.set(name, port)
    const environment = {
      ...settings,
      MILLRACE_SHARDS: String(needs.shards ?? usualShards),
      ...(needs.ladder === true ? { LADDER: rung } : {}),
      ...needs.environment,
      ...arrangement.environment?.(name),
      ...services.urls,
      ...arrangement.urls?.(name),
      TMPDIR: this.temporary,
    }
    const node = await startNode({ name, roles, environment, file: join(folder, `${name}.log`), port, nodeOptions: arrangement.nodeOptions?.(name) ?? [] })
    this.started.push(node)
    return node
  }

  /** Starts the node of that name again, as what it was. */
  readonly startAgain = (name: string): Promise<PlatformNode> => this.startNode(name, this.node(name).roles)

  /** Name of the node that owns each stream, by stream. */
  async owners(): Promise<ReadonlyMap<string, string>> {
    const leases = await this.nats.leases()
    return new Map([...leases].flatMap(([key, node]) => (key.startsWith('stream.') ? [[key.slice('stream.'.length), node] as const] : [])))
  }

  /** FFmpeg children of all living actor nodes, by pid. */
  readonly ffmpegs = (): ReadonlyArray<number> => this.actors.flatMap((node) => node.ffmpegs())

  /** Waits until every stream has an FFmpeg on a living node; gives how long that took. */
  async untilAllRun(within_ms = 15_000): Promise<number> {
    const begun_ms = performance.now()
    await until('every stream has its FFmpeg', async () => (this.ffmpegs().length >= this.streams.length ? true : undefined), within_ms)
    return performance.now() - begun_ms
  }

  /** Ends every node in an orderly way. */
  async stop(): Promise<void> {
    await Promise.all(this.started.map((node) => node.stop()))
  }
}
