/**
 * The sequence before which a log may be purged, or undefined where nothing may go.
 *
 * `lastSeq` is the log's last sequence, read before the list of who writes to it: whoever is not in the list yet writes
 * behind it. `floors` are the first sequences that each of the writers still needs; undefined: all of them.
 */
export const purgeBefore = (lastSeq: number, floors: ReadonlyArray<number | undefined>): number | undefined => {
  let before = lastSeq + 1
  for (const floor of floors) {
    if (floor === undefined) return undefined
    before = Math.min(before, floor)
  }
  return before > 1 ? before : undefined
}
