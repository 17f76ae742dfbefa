import type { NodeState } from '../../proto/gen/millrace/v1/node_pb.js'

/** What the heartbeats of some nodes say of streams, together. */
export interface Heard {
  /** Viewers by stream. */
  readonly viewers: ReadonlyMap<string, number>
  readonly actors: ReadonlyMap<string, NodeState['actors'][string]>
  /** Streams whose publisher some edge hears. */
  readonly publishing: ReadonlySet<string>
}

type Said = Pick<NodeState, 'node' | 'viewers' | 'actors' | 'publishing'>

/** Adds up what live nodes say; the viewers of the node `own` are left out, which knows them better itself. */
export const heardOf = (nodes: ReadonlyArray<Said>, own: string): Heard => {
  const viewers = new Map<string, number>()
  const actors = new Map<string, NodeState['actors'][string]>()
  const publishing = new Set<string>()
  for (const said of nodes) {
    if (said.node !== own) for (const [stream, count] of Object.entries(said.viewers)) viewers.set(stream, (viewers.get(stream) ?? 0) + count)
    for (const [stream, figures] of Object.entries(said.actors)) actors.set(stream, figures)
    for (const stream of said.publishing) publishing.add(stream)
  }
  return { viewers, actors, publishing }
}
