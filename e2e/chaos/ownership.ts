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

/** Change of owner after that time (ms since 1970): from the last record of the old one to the first frames of the new one, ms. */
export const takeOver_ms = (records: ReadonlyArray<StoredMedia>, since_ms: number): number | undefined => {
  const at = records.findIndex(({ body, at_ms }) => body === 'takeOver' && at_ms >= since_ms)
  const before = records[at - 1]
  const after = records.slice(at + 1).find(({ body }) => body === 'fragments')
  return at < 0 || before === undefined || after === undefined ? undefined : after.at_ms - before.at_ms
}
