import type { NodeState } from '../../proto/gen/millrace/v1/node_pb.js'

/** Streams that actor nodes may own, and why there can be no more of them. */
export interface ActorsRoom {
  readonly capacity: number
  readonly refusal: string | undefined
}

/**
 * Whether nodes that live and do not drain may own one stream more than are live. Every live stream counts, also one that
 * waits for an owner: it has a claim to the room that there is.
 */
export const roomForActors = (nodes: ReadonlyArray<Pick<NodeState, 'roles' | 'draining' | 'capacity'>>, liveStreams: number): ActorsRoom => {
  const owners = nodes.filter(({ roles, draining }) => roles.includes('actors') && !draining)
  const capacity = owners.reduce((sum, node) => sum + node.capacity, 0)
  if (owners.length === 0) return { capacity, refusal: 'no actor node is alive' }
  return { capacity, refusal: liveStreams < capacity ? undefined : 'no actor node has room' }
}
