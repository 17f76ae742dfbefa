import { randomBytes } from 'node:crypto'
import { Context, Effect, Exit, Layer, Schedule } from 'effect'
import type { Scope } from 'effect'
import { listen } from '../../runtime/callbacks.ts'
import { Nodes } from '../../runtime/Nodes.ts'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters } from '../http/Counters.ts'
import { BROKEN_OFF_LINGER_MS, EXPIRE_MS, LINGER_MS, PLAIN_LINGER_MS, VIEWED_TOLD_MAX } from './limits.ts'
import { Presence, type PresenceShape } from './Presence.ts'
import { PlainReloads } from './PlainReloads.ts'
import { type Move, PresenceTable, type Visit } from './PresenceTable.ts'
import { NOBODY, type ViewerName, viewerKey } from './viewerKey.ts'

/** Who watches at this edge, and how many each stream has; heartbeats tell the other edges. */
export class Viewers extends Context.Service<Viewers, {
  /** Whoever asks for a playlist of a live stream watches it until the scope closes, and a while longer; `blocking`: it waits for what comes. */
  readonly asks: (stream: string, name: ViewerName, blocking: boolean) => Effect.Effect<void, never, Scope.Scope>
  readonly socketViewer: PresenceShape['socketViewer']
  /** Viewers of a stream at this edge. */
  readonly count: (stream: string) => number
  /** Viewers of each stream that has any here. */
  readonly counts: () => ReadonlyArray<readonly [stream: string, viewers: number]>
  /** Calls back when a viewer comes or goes, until the returned function is called. */
  readonly onMove: (listener: (move: Move) => void) => () => void
  /** Viewers of all streams at this edge. */
  readonly size: () => number
}>()('millrace/edge/viewers/Viewers') {
  static readonly layer = Layer.effect(
    Viewers,
    Effect.gen(function* () {
      const { viewersMax } = yield* EdgeSettings
      const counters = yield* Counters
      const nodes = yield* Nodes
      const secret = randomBytes(SECRET_BYTES)
      const listeners = new Set<(move: Move) => void>()
      const table = new PresenceTable(viewersMax, (move) => listeners.forEach((listener) => listener(move)))
      const reloads = new PlainReloads(viewersMax)
      const enter = (stream: string, key: string): Visit => {
        const visit = table.enter(stream, key)
        if (visit.viewer === undefined) counters.count('viewer_nameless')
        return visit
      }
      let sockets = 0
      yield* Effect.forkScoped(Effect.repeat(Effect.sync(() => table.expire(performance.now())), Schedule.spaced(EXPIRE_MS)))
      const forget = nodes.beforeBeat(() => {
        nodes.report.viewers = Object.fromEntries(mostViewed(table.counts(), VIEWED_TOLD_MAX))
      })
      yield* Effect.addFinalizer(() => Effect.sync(forget))
      return Viewers.of({
        asks: (stream, name, blocking) =>
          name._tag === 'Id' && name.id === NOBODY ? Effect.void : Effect.asVoid(Effect.acquireRelease(
            Effect.sync(() => {
              const key = viewerKey(secret, stream, name)
              return { visit: enter(stream, key), isReload: !blocking && reloads.asks(key, performance.now()) }
            }),
            ({ visit, isReload }, exit) => Effect.sync(() => table.leave(visit, isReload ? PLAIN_LINGER_MS : lingerAfter(exit), performance.now()))
          )),
        socketViewer: (stream, viewer) => {
          if (viewer === NOBODY) return () => undefined
          const visit = enter(stream, viewerKey(secret, stream, viewer === undefined ? { _tag: 'Socket', number: (sockets += 1) } : { _tag: 'Id', id: viewer }))
          return () => table.leave(visit, undefined, performance.now())
        },
        count: (stream) => table.count(stream),
        counts: () => table.counts(),
        onMove: (listener) => listen(listeners, listener),
        size: () => table.size
      })
    })
  )
}

/** Sockets are counted where requests are. */
export const presenceLayer = Layer.effect(Presence, Effect.map(Viewers, ({ socketViewer }) => ({ socketViewer }))).pipe(Layer.provide(Viewers.layer))

const SECRET_BYTES = 32

/** A request that was broken off is of a player that asks for something else at once, or of a page that is closed. */
const lingerAfter = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isFailure(exit) && Exit.hasInterrupts(exit) ? BROKEN_OFF_LINGER_MS : LINGER_MS

/** The streams with most viewers, where there are more than may be told. */
export const mostViewed = (counts: ReadonlyArray<readonly [stream: string, viewers: number]>, max: number): typeof counts =>
  counts.length <= max ? counts : counts.toSorted(([, a], [, b]) => b - a).slice(0, max)
