/**
 * What one node knows of the others, by its own monotonic clock. Another node is gone only when this node has seen its
 * own heartbeats come back the whole time and none of the other's: while NATS is away, or this process stands still,
 * nobody is.
 */
export interface Liveness {
  readonly lease_ms: number
  /** Since when this node's heartbeats have come back without a gap; undefined before the first. */
  readonly healthySince_ms: number | undefined
  readonly renewed_ms: number
  readonly seen: ReadonlyMap<string, SeenNode>
}

/** The newest heartbeat seen of a node, and the process that had the node's name before. */
export interface SeenNode {
  readonly incarnation: string
  readonly before: string | undefined
  readonly at_ms: number
}

/**
 * Heartbeats per lease. An outage that this node does not notice (shorter than its gap, half a lease) must not make
 * another's silence a lease long: half a lease, one heartbeat before it and one after, and the way back to NATS.
 */
export const BEATS_PER_LEASE = 5

export const newLiveness = (lease_ms: number): Liveness => ({ lease_ms, healthySince_ms: undefined, renewed_ms: Number.NEGATIVE_INFINITY, seen: new Map() })

/** Longest pause between two of this node's own heartbeats after which it still trusts what it has not seen. */
const gapMax_ms = (state: Liveness): number => state.lease_ms / 2

/** This node's own heartbeat has come back. After a gap everything starts afresh. */
export const renewed = (state: Liveness, now_ms: number): Liveness => {
  const gap = now_ms - state.renewed_ms >= gapMax_ms(state)
  return { ...state, renewed_ms: now_ms, healthySince_ms: gap ? now_ms : state.healthySince_ms }
}

/** A heartbeat of a node was seen. */
export const sawNode = (state: Liveness, node: string, incarnation: string, now_ms: number): Liveness => {
  const last = state.seen.get(node)
  const before = last === undefined || last.incarnation === incarnation ? last?.before : last.incarnation
  return { ...state, seen: new Map(state.seen).set(node, { incarnation, before, at_ms: now_ms }) }
}

/** A node has said goodbye. */
export const forgetNode = (state: Liveness, node: string): Liveness => {
  const seen = new Map(state.seen)
  seen.delete(node)
  return { ...state, seen }
}

/** Whether this node has heard itself for a lease, so that what it does not see is not there. */
export const isHealthy = (state: Liveness, now_ms: number): boolean =>
  state.healthySince_ms !== undefined && now_ms - state.renewed_ms < gapMax_ms(state) && now_ms - state.healthySince_ms >= state.lease_ms

/**
 * Whether the process `incarnation` of a node is known to be gone. `since_ms` is when this node learnt that the process
 * owns something: it was alive then, even where its heartbeats come later than that news.
 */
export const isGone = (state: Liveness, node: string, incarnation: string, since_ms: number, now_ms: number): boolean => {
  if (state.healthySince_ms === undefined || !isHealthy(state, now_ms)) return false
  const last = state.seen.get(node)
  if (last?.before === incarnation) return true
  const heard_ms = last?.incarnation === incarnation ? last.at_ms : Number.NEGATIVE_INFINITY
  return now_ms - Math.max(heard_ms, since_ms, state.healthySince_ms) >= state.lease_ms
}

/** Nodes whose heartbeats are fresh. */
export const liveNodes = (state: Liveness, now_ms: number): ReadonlyArray<string> =>
  [...state.seen].filter(([, { at_ms }]) => now_ms - at_ms < state.lease_ms).map(([node]) => node)
