/** Matches what was seen at both ends of a hop, by how much had passed there. Pure. */

/** So many (bytes or frames, from the stream's first on) had passed at a time. Both grow. */
export interface Passed {
  readonly count: number
  readonly at_ms: number
}

/**
 * Time of each unit from leaving one end to arriving at the other. Units that left before `from_ms`, and those that have
 * not arrived, are left out.
 */
export const unitTimes = (left: ReadonlyArray<Passed>, arrived: ReadonlyArray<Passed>, from_ms: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  let [leaving, arriving] = [0, 0]
  for (let unit = 0; ; unit++) {
    while ((left[leaving]?.count ?? Number.POSITIVE_INFINITY) <= unit) leaving++
    while ((arrived[arriving]?.count ?? Number.POSITIVE_INFINITY) <= unit) arriving++
    const [begin, end] = [left[leaving], arrived[arriving]]
    if (begin === undefined || end === undefined) return times
    if (begin.at_ms >= from_ms) times.push(end.at_ms - begin.at_ms)
  }
}

/**
 * Time of each chunk until the last byte that could go on without the next chunk has arrived: a block that is cut by
 * the chunk's end has to wait for its other half. A chunk that completes nothing is left out.
 */
export const chunkTimes = (sent: ReadonlyArray<Passed>, taken: ReadonlyArray<Passed>, from_ms: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  let next = 0
  for (const chunk of sent) {
    let last: Passed | undefined
    for (; (taken[next]?.count ?? Number.POSITIVE_INFINITY) <= chunk.count; next++) last = taken[next]
    if (last !== undefined && chunk.at_ms >= from_ms) times.push(last.at_ms - chunk.at_ms)
  }
  return times
}
