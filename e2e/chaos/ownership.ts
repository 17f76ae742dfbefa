/** What the MEDIA log says about owners. Pure. */
import type { StoredMedia } from './natsView.ts'

/** Records that an owner wrote behind the TakeOver of another, in sentences. */
export const zombieWrites = (records: ReadonlyArray<StoredMedia>): ReadonlyArray<string> => {
  let newest: StoredMedia | undefined
  const faults: Array<string> = []
  for (const record of records) {
    if (record.body === 'takeOver') newest = record
    else if (newest !== undefined && record.token !== newest.seq) faults.push(`record ${record.seq} is of ${record.node}, though ${newest.node} had taken over`)
  }
  return faults
}

/** From the first TakeOver after that time (ms since 1970) to the frames behind it, ms. */
export const goingOn_ms = (records: ReadonlyArray<StoredMedia>, since_ms: number): number | undefined => {
  const at = records.findIndex(({ body, at_ms }) => body === 'takeOver' && at_ms >= since_ms)
  const [takeOver] = records.slice(at < 0 ? records.length : at)
  const frames = records.slice(at + 1).find(({ body }) => body === 'fragments')
  return takeOver === undefined || frames === undefined ? undefined : frames.at_ms - takeOver.at_ms
}

/** How long a stream had no owner, and how long it stood still. */
export interface TakeOverTimes {
  /** To the TakeOver of the new owner. */
  readonly claimed_ms: number
  /** To its first frames. */
  readonly took_ms: number
}

/** From that time (ms since 1970), at which an owner went, to its successor's TakeOver and to the first frames behind it, ms. */
export const takeOver_ms = (records: ReadonlyArray<StoredMedia>, since_ms: number): TakeOverTimes | undefined => {
  const at = records.findIndex((record) => record.body === 'takeOver' && record.at_ms >= since_ms)
  const frames = records.slice(at + 1).find(({ body }) => body === 'fragments')
  const takeOver = records[at]
  return takeOver === undefined || frames === undefined ? undefined : { claimed_ms: takeOver.at_ms - since_ms, took_ms: frames.at_ms - since_ms }
}
