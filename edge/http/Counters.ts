import { Context } from 'effect'

/** What an edge refuses, drops or finds damaged, counted by name. */
export interface CountersShape {
  readonly count: (name: CounterName) => void
  readonly values: () => Readonly<Partial<Record<CounterName, number>>>
}

export type CounterName =
  | 'bad_request'
  | 'not_found'
  | 'method_refused'
  | 'url_too_long'
  | 'unavailable'
  | 'failed'
  | 'viewer_stalled'
  | 'follow_refused'
  | 'wait_refused'
  | 'record_damaged'
  | 'bytes_dropped'
  | 'viewer_refused'
  | 'viewer_origin_refused'
  | 'viewer_message_refused'
  | 'viewer_nameless'
  | 'viewer_timed_out'
  | 'publisher_origin_refused'
  | 'publisher_message_refused'
  | 'publisher_timed_out'
  | 'events_refused'
  | 'events_origin_refused'
  | 'events_message_refused'
  | 'events_stalled'
  | 'events_timed_out'

/** Makes a set of counters, all at zero. */
export const makeCounters = (): CountersShape => {
  const counts = new Map<CounterName, number>()
  return {
    count: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    values: () => Object.fromEntries(counts)
  }
}

/** The counters of this process. */
export class Counters extends Context.Reference<CountersShape>('millrace/edge/http/Counters', { defaultValue: makeCounters }) {}
