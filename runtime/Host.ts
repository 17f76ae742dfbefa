import { Cause, Context, Effect, Exit, Fiber, Layer, Random, Scope } from 'effect'
import { figuresTold } from './actorFigures.ts'
import type { ActorKind } from './ActorKind.ts'
import type { Ask } from './Ask.ts'
import { Claims } from './Claims.ts'
import { type Considered, handleCommand } from './commands.ts'
import { countFailure, countHandover } from './counters.ts'
import { LogUnavailable } from './errors.ts'
import { CLAIM_STAGGER_MS, COMMAND_ACK_WAIT_MS, LET_HINTS_GO_MS, SWEEP_MS, TELL_FAILED_ATTEMPTS_MAX, TELL_FAILED_MS_MAX } from './limits.ts'
import type { Log } from './Log.ts'
import type { Nats } from './Nats.ts'
import { Nodes } from './Nodes.ts'
import { claimDelay_ms } from './placement.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { type FinalExit, type Orders, supervise } from './supervise.ts'
import { tell } from './Tell.ts'
import { subjects } from './topology.ts'
import { WorkQueue } from './WorkQueue.ts'

/** What a host needs of the runtime. */
export type HostNeeds = Log | Nats | Ask | Nodes | Claims | WorkQueue | RuntimeSettings

/** Owns actors on this node: claims them, runs them under supervision, hands them over. */
export class Host extends Context.Service<Host, {
  /** Ids of the actors that this node owns. */
  readonly active: () => ReadonlyArray<string>
  /** Brings every actor to a good stop and gives its lease up, within the drain time. Idempotent. */
  readonly drain: Effect.Effect<void>
}>()('millrace/runtime/Host') {
  static readonly layer = <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>): Layer.Layer<Host, LogUnavailable, HostNeeds | Exclude<R, Scope.Scope>> =>
    Layer.effect(Host, makeHost(kind)) as Layer.Layer<Host, LogUnavailable, HostNeeds | Exclude<R, Scope.Scope>>
}

interface OwnedActor extends Orders {
  readonly revision: number
  fiber: Fiber.Fiber<void> | undefined
}

const makeHost = Effect.fnUntraced(function* <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>) {
  const settings = yield* RuntimeSettings
  const nodes = yield* Nodes
  const claims = yield* Claims
  const context = yield* Effect.context<R | HostNeeds>()
  const actors = yield* Scope.make()
  const owned = new Map<string, OwnedActor>()
  const claiming = new Map<string, Fiber.Fiber<unknown, unknown> | undefined>()
  let draining = false
  const room = (): boolean => !draining && owned.size + claiming.size < settings.capacity
  const keyOf = (id: string): string => `${kind.kind}.${id}`

  /** Runs an actor just claimed to its end on this node, then gives the lease up. */
  const own = (id: string, revision: number): Effect.Effect<void> => {
    const { run, orders } = supervise(kind, id, revision, handOver(kind.kind, id, revision))
    const actor: OwnedActor = { ...orders, revision, fiber: undefined }
    owned.set(id, actor)
    nodes.report.active += 1
    const whole = run.pipe(
      Effect.flatMap((exit) => settle(kind, id, revision, exit)),
      Effect.ensuring(Effect.sync(() => {
        owned.delete(id)
        nodes.report.active -= 1
      })),
      Effect.annotateLogs({ actor: keyOf(id), kind: kind.kind, id }),
      Effect.provideContext(context)
    )
    return Effect.map(Effect.forkIn(whole, actors), (fiber) => {
      actor.fiber = fiber
    })
  }

  /**
   * Claims the actor where it is wanted, free and not here already. Whoever asks may be interrupted; the claim goes on, since
   * a lease whose answer is on the way would have nobody behind it.
   */
  const consider = Effect.fnUntraced(function* (id: string): Effect.fn.Return<Considered, LogUnavailable, R> {
    if (draining) return 'NoRoom'
    if (owned.has(id) || claiming.has(id)) return 'Live'
    if (!room()) return 'NoRoom'
    claiming.set(id, undefined)
    const attempt = yield* Effect.gen(function* () {
      if (!(yield* kind.isWanted(id))) return yield* Effect.as(claims.discard(keyOf(id)), 'NotWanted' as const)
      const claimed = yield* claims.claim(keyOf(id))
      if (claimed._tag === 'Taken') return 'Live' as const
      if (draining) return yield* Effect.as(claims.giveUp(keyOf(id), claimed.revision), 'NoRoom' as const)
      return yield* Effect.as(own(id, claimed.revision), 'Claimed' as const)
    }).pipe(Effect.ensuring(Effect.sync(() => claiming.delete(id))), Effect.forkIn(actors))
    if (claiming.has(id)) claiming.set(id, attempt)
    return yield* Fiber.join(attempt)
  })

  yield* Effect.addFinalizer(() => Scope.close(actors, Exit.void))
  yield* reportFigures(owned)
  yield* stopTaken(kind.kind, owned)
  yield* lookForWork(kind, consider, (id) => !owned.has(id) && room())
  const taking = yield* Scope.fork(yield* Effect.scope)
  yield* Scope.provide(takeCommands(kind.kind, room, (id) => Effect.provideContext(consider(id), context)), taking)

  const drain = Effect.gen(function* () {
    draining = true
    nodes.report.draining = true
    // Before anything is handed over: a hint that comes here now would wait here.
    const letGo = yield* Effect.forkDetach(Scope.close(taking, Exit.void), { startImmediately: true })
    yield* Effect.timeoutOption(Fiber.await(letGo), LET_HINTS_GO_MS)
    yield* handAllOver([...owned.values()], [...claiming.values()], settings.drain_ms, () => [...owned.keys(), ...claiming.keys()])
  })
  yield* Effect.addFinalizer(() => drain)
  return Host.of({ active: () => [...owned.keys()], drain })
})

/** Each heartbeat tells how the actors keep up. */
const reportFigures = Effect.fnUntraced(function* (owned: ReadonlyMap<string, OwnedActor>) {
  const nodes = yield* Nodes
  const forget = nodes.beforeBeat(() => {
    const clocks = { now_ms: performance.now(), wall_ms: Date.now() }
    nodes.report.actors = figuresTold([...owned].flatMap(([id, { figures }]) => {
      const known = figures(clocks)
      return known === undefined ? [] : [[id, known] as const]
    }))
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => {
    forget()
    nodes.report.actors = {}
  }))
})

/** Stops actors that another node takes. */
const stopTaken = Effect.fnUntraced(function* (kind: string, owned: ReadonlyMap<string, OwnedActor>) {
  const claims = yield* Claims
  const forget = claims.onTaken((key, revision) => {
    if (!key.startsWith(`${kind}.`)) return
    const actor = owned.get(key.slice(kind.length + 1))
    if (actor !== undefined && actor.revision < revision) actor.supersede()
  })
  yield* Effect.addFinalizer(() => Effect.sync(forget))
})

/** Lets actors come to a good stop and claims find out what became of them, all at once and within the time. */
const handAllOver = (actors: ReadonlyArray<OwnedActor>, claims: ReadonlyArray<Fiber.Fiber<unknown, unknown> | undefined>, within_ms: number, left: () => ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.suspend(() => {
    for (const actor of actors) actor.drain()
    return Fiber.awaitAll([...actors.map(({ fiber }) => fiber), ...claims].filter((fiber) => fiber !== undefined)).pipe(
      Effect.asVoid,
      Effect.timeoutOrElse({ duration: within_ms, orElse: () => Effect.logWarning('drain took too long', { left: left() }) })
    )
  })

/** After the last activation here: says what came of the actor and gives the lease up, where that is not done. */
const settle = Effect.fnUntraced(function* <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>, id: string, revision: number, exit: FinalExit) {
  yield* Effect.logInfo('actor ended here', { exit: exit._tag, ...('reason' in exit ? { reason: exit.reason } : {}) })
  if (exit._tag === 'Released') yield* countHandover
  if (exit._tag === 'Superseded' || exit._tag === 'Released') return
  if (exit._tag === 'Failed') {
    yield* countFailure
    yield* tellFailed(kind.onFailed(id, exit.reason, revision))
  }
  yield* giveUp(kind.kind, id, revision)
})

const giveUp = Effect.fnUntraced(function* (kind: string, id: string, revision: number) {
  const claims = yield* Claims
  yield* claims.giveUp(`${kind}.${id}`, revision).pipe(Effect.catch((error) => Effect.logWarning('lease not given up', { reason: error.reason })))
})

/** Lets another node have the actor: whoever follows the leases sees it at once, and the hint stays until somebody has room. */
const handOver = Effect.fnUntraced(function* (kind: string, id: string, revision: number) {
  yield* giveUp(kind, id, revision)
  yield* tell(kind, id).pipe(Effect.catch((error) => Effect.logDebug('no hint for the next owner', { reason: error._tag })))
})

/** Where the world cannot be told for a long time, or telling it is a defect, somebody else may try: the actor is still wanted. */
const tellFailed = <R>(tellOnce: Effect.Effect<void, LogUnavailable, R>): Effect.Effect<void, never, R> =>
  tellOnce.pipe(
    Effect.timeoutOrElse({ duration: TELL_FAILED_MS_MAX, orElse: () => new LogUnavailable({ operation: 'tell that an actor failed', reason: `no end within ${TELL_FAILED_MS_MAX} ms` }) }),
    Effect.tapError((error) => Effect.andThen(Effect.logWarning('nobody knows yet that the actor failed', { reason: error.reason }), Effect.sleep(SWEEP_MS))),
    Effect.retry({ times: TELL_FAILED_ATTEMPTS_MAX }),
    Effect.catch((error) => Effect.logError('the actor failed and nobody could be told; its lease is given up', { reason: error.reason })),
    Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.logError('defect while telling that an actor failed; its lease is given up', cause))
  )

/** Looks for actors whose owner has just gone, often, for those that should have one, seldom; and hears of those that were given up. */
const lookForWork = Effect.fnUntraced(function* <Record, State, Message, Action, R>(
  kind: ActorKind<Record, State, Message, Action, R>,
  consider: (id: string) => Effect.Effect<Considered, LogUnavailable, R>,
  mayTake: (id: string) => boolean
) {
  const settings = yield* RuntimeSettings
  const nodes = yield* Nodes
  const claims = yield* Claims
  const soon = new Set<string>()
  const scope = yield* Effect.scope
  const prefix = `${kind.kind}.`
  const candidates = (leaving?: string): ReadonlyArray<string> =>
    nodes.live().filter((node) => node.node !== leaving && node.roles.includes('actors') && !node.draining && node.active < node.capacity).map((node) => node.node)
  const considerSoon = (id: string, leaving?: string) => {
    if (soon.has(id) || !mayTake(id)) return Effect.void
    soon.add(id)
    return Effect.sleep(claimDelay_ms(id, nodes.node, candidates(leaving), CLAIM_STAGGER_MS)).pipe(
      Effect.andThen(consider(id)),
      Effect.catch((error) => Effect.logDebug('claim put off', { id, reason: error.reason })),
      Effect.ensuring(Effect.sync(() => soon.delete(id))),
      Effect.forkIn(scope)
    )
  }
  const orphans = Effect.suspend(() =>
    Effect.forEach(claims.orphans().filter((key) => key.startsWith(prefix)), (key) => considerSoon(key.slice(prefix.length)), { discard: true })
  )
  const sweep = Effect.gen(function* () {
    for (const id of yield* kind.wanted) {
      if (claims.isFree(`${prefix}${id}`)) yield* considerSoon(id)
    }
  }).pipe(Effect.catch((error) => Effect.logWarning('sweep failed', { reason: error.reason })))
  const every = <E>(period_ms: number, work: Effect.Effect<unknown, E, R>) =>
    Effect.sleep(period_ms).pipe(
      Effect.andThen(work),
      Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.logError('defect while looking for work', cause)),
      Effect.forever,
      Effect.forkScoped
    )
  const run = Effect.runForkWith(yield* Effect.context<R>())
  const forget = claims.onGivenUp((key, node) => {
    if (key.startsWith(prefix) && node !== nodes.node) run(considerSoon(key.slice(prefix.length), node))
  })
  yield* Effect.addFinalizer(() => Effect.sync(forget))
  yield* every(settings.lease_ms / 10, orphans)
  yield* every(SWEEP_MS * (0.75 + (yield* Random.next) / 2), sweep)
})

const takeCommands = Effect.fnUntraced(function* (kind: string, room: () => boolean, consider: (id: string) => Effect.Effect<Considered, LogUnavailable>) {
  const queue = yield* WorkQueue
  const context = yield* Effect.context<Ask | Log>()
  yield* queue.consume(
    { log: 'COMMANDS', durable: `host-${kind}`, filter: subjects.command(kind, '*'), concurrency: 1, ackWait_ms: COMMAND_ACK_WAIT_MS, ready: room },
    (item) => Effect.provideContext(handleCommand(consider, item), context)
  )
})
