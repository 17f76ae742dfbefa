/** Counts what goes wrong within half a minute. Pure. */

/** When it went wrong, by the page's clock. */
export type Trouble = ReadonlyArray<number>

/** Nothing has gone wrong yet. */
export const noTrouble: Trouble = []

const remembered_ms = 30_000

/** One more; what is long ago is forgotten. */
export const troubled = (trouble: Trouble, now_ms: number): Trouble => [...trouble.filter((at_ms) => now_ms - at_ms < remembered_ms), now_ms]
