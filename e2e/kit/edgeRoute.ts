/** The way of a viewer to the platform: any edge will do, as behind a load balancer. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, httpGet, RequestFailed } from './httpClient.ts'

/** A time in which no edge answered this viewer. */
export interface Outage {
  readonly path: string
  readonly lasted_ms: number
  /** What was answered meanwhile; 0: no connection, or no answer in time. */
  readonly statuses: ReadonlyArray<number>
}

/** Gets from some edge. */
export interface EdgeRoute {
  /** As `httpGet`; the address names the edge to try first at the beginning. Rejects as it does once patience is over. */
  readonly get: (url: string) => Promise<Answer>
  readonly outages: ReadonlyArray<Outage>
  /** What is being asked for now, for how long, and what was answered so far. */
  readonly pending: () => ReadonlyArray<Outage>
}

/** A held playlist request is answered within 3 s; an edge that says nothing for this long counts as gone. */
const answerWithin_ms = 8_000
const pause_ms = 100

/** Answers that another edge, or the same one later, may give better. */
const isPassing = (status: number): boolean => status === 0 || status === 502 || status === 503 || status === 504

/**
 * Goes to one edge as long as it answers, else on to the next, with the same path; a viewer gives up when none has
 * answered for `patience_ms`.
 */
export const routeOver = (edges: () => ReadonlyArray<string>, patience_ms = 20_000): EdgeRoute => {
  const outages: Array<Outage> = []
  /** Which edge is asked, of both renditions' requests; counts on from edge to edge. */
  let turn = 0
  const at = (url: string, asked: number): string => {
    const { pathname, search } = new URL(url)
    const known = edges()
    return new URL(`${pathname}${search}`, known[asked % known.length]).href
  }
  const pending = new Set<{ readonly path: string; readonly since_ms: number; readonly statuses: ReadonlyArray<number> }>()
  const get = async (url: string): Promise<Answer> => {
    const statuses: Array<number> = []
    const request = { path: `${new URL(url).pathname}${new URL(url).search}`, since_ms: performance.now(), statuses }
    pending.add(request)
    try {
      return await ask(url, statuses)
    } finally {
      pending.delete(request)
    }
  }
  const ask = async (url: string, statuses: Array<number>): Promise<Answer> => {
    let since_ms: number | undefined
    for (;;) {
      const asked = turn
      try {
        const answer = await httpGet(at(url, asked), { timeout_ms: answerWithin_ms })
        if (since_ms !== undefined) outages.push({ path: new URL(url).pathname, lasted_ms: performance.now() - since_ms, statuses })
        return answer
      } catch (error) {
        if (!(error instanceof RequestFailed) || !isPassing(error.status)) throw error
        since_ms ??= performance.now()
        if (performance.now() - since_ms > patience_ms) throw error
        statuses.push(error.status)
        // Requests that fail side by side must not go past the edge that answers.
        if (turn === asked) turn++
        await delay(pause_ms)
      }
    }
  }
  const now = (): ReadonlyArray<Outage> => [...pending].map(({ path, since_ms, statuses }) => ({ path, lasted_ms: performance.now() - since_ms, statuses }))
  return { get, outages, pending: now }
}
