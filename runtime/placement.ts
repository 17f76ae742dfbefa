import { createHash } from 'node:crypto'

/**
 * Nodes in the order in which they should claim an id (rendezvous hashing): every node computes the same order, and a
 * node that comes or goes moves only its own share.
 */
export const claimOrder = (id: string, nodes: ReadonlyArray<string>): ReadonlyArray<string> => {
  const weight = (node: string): string => createHash('sha256').update(`${node}/${id}`).digest('hex')
  return nodes.map((node) => ({ node, weight: weight(node) })).sort((a, b) => (a.weight < b.weight ? 1 : -1)).map(({ node }) => node)
}

/** How long `node` waits before it claims `id`, so that the best placed comes first; a node that is not in the list comes last. */
export const claimDelay_ms = (id: string, node: string, nodes: ReadonlyArray<string>, stagger_ms: number): number => {
  const rank = claimOrder(id, nodes).indexOf(node)
  return (rank < 0 ? nodes.length : rank) * stagger_ms
}
