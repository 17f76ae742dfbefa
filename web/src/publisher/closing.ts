/** What the end of a connection means to a publisher. Pure. */

/**
 * `again`: the connection broke, resume; `later`: the edge has no room now; `renew`: the edge cannot go on with this epoch,
 * a new one can; `over`: the stream has ended; `taken`: somebody else publishes it; `refused`: it is not allowed.
 */
export type Meaning = 'again' | 'later' | 'renew' | 'over' | 'taken' | 'refused'

const meanings: Readonly<Record<number, Meaning>> = { 1009: 'renew', 1013: 'later', 4400: 'renew', 4404: 'over', 4409: 'taken' }

/** Reads a close code of `/ws/stream`. */
export const meaningOf = (code: number): Meaning => meanings[code] ?? (code >= 4000 ? 'refused' : 'again')
