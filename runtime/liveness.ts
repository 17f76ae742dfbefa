/**
 * What one node knows of the others, by its own monotonic clock. Another node is gone only when this node's own
 * heartbeats went through the whole time and the other's were not seen: while NATS is away, nobody is.
 */
export interface Liveness {
  readonly lease_ms: number
  /** Since when this node's renewals have come through without a gap; undefined before the first. */
  readonly healthySince_ms: number | undefined
  readonly renewed_ms: number
  readonly seen: ReadonlyMap<string, { readonly incarnation: string; readonly at_ms: number }>
}

export const newLiveness = (lease_ms: number): Liveness => ({ lease_ms, healthySince_ms: undefined, renewed_ms: Number.NEGATIVE_INFINITY, seen: new Map() })

/** This node's own renewal has come through. After a gap of a lease everything starts afresh. */
export const renewed = (state: Liveness, now_ms: number): Liveness => {
  const gap = now_ms - state.renewed_ms >= state.lease_ms
  return { ...state, renewed_ms: now_ms, healthySince_ms: gap ? now_ms : state.healthySince_ms }
}

/** A heartbeat of a node was seen. */
export const sawNode = (state: Liveness, node: string, incarnation: string, now_ms: number): Liveness => ({
  ...state,
  seen: new Map(state.seen).set(node, { incarnation, at_ms: now_ms })
})

/** A node has said goodbye. */
export const forgetNode = (state: Liveness, node: string): Liveness => {
  const seen = new Map(state.seen)
  seen.delete(node)
  return { ...state, seen }
}

/** Whether this node's renewals come through, so that what it does not see is not there. */
export const isHealthy = (state: Liveness, now_ms: number): boolean =>
  state.healthySince_ms !== undefined && now_ms - state.renewed_ms < state.lease_ms && now_ms - state.healthySince_ms >= state.lease_ms

/** Whether the process `incarnation` of a node is known to be gone. */
export const isGone = (state: Liveness, node: string, incarnation: string, now_ms: number): boolean => {
  if (state.healthySince_ms === undefined || !isHealthy(state, now_ms)) return false
  const last = state.seen.get(node)
  if (last !== undefined && last.incarnation !== incarnation) return true
  return now_ms - Math.max(last?.at_ms ?? 0, state.healthySince_ms) >= state.lease_ms
}

/** Nodes whose heartbeats are fresh. */
export const liveNodes = (state: Liveness, now_ms: number): ReadonlyArray<string> =>
  [...state.seen].filter(([, { at_ms }]) => now_ms - at_ms < state.lease_ms).map(([node]) => node)
