/** Whose picture is taken next, and when. Pure: time is passed in. */
import { RENEW_MS, REST_MS_MAX } from './limits.ts'

interface Subject {
  readonly isShown: boolean
  readonly dueAt_ms: number
  /** Times in a row that its picture could not be had. */
  readonly failures: number
}

/** What is known of each picture. */
export type Plan<K> = ReadonlyMap<K, Subject>

const changed = <K>(plan: Plan<K>, key: K, change: (subject: Subject) => Subject): Plan<K> => {
  const subject = plan.get(key)
  return subject === undefined ? plan : new Map(plan).set(key, change(subject))
}

/** A picture comes into sight or leaves it; one that was never taken is due at once. */
export const show = <K>(plan: Plan<K>, key: K, isShown: boolean): Plan<K> => new Map(plan).set(key, { dueAt_ms: Number.NEGATIVE_INFINITY, failures: 0, ...plan.get(key), isShown })

/** It can be had again, or otherwise than before: it is due at once. */
export const renew = <K>(plan: Plan<K>, key: K): Plan<K> => changed(plan, key, ({ isShown }) => ({ isShown, dueAt_ms: Number.NEGATIVE_INFINITY, failures: 0 }))

/** A picture is wanted no more. */
export const forget = <K>(plan: Plan<K>, key: K): Plan<K> => new Map([...plan].filter(([known]) => known !== key))

/** A picture was taken. */
export const taken = <K>(plan: Plan<K>, key: K, now_ms: number): Plan<K> => changed(plan, key, ({ isShown }) => ({ isShown, dueAt_ms: now_ms + RENEW_MS, failures: 0 }))

/** A picture could not be had; it rests longer each time. */
export const failed = <K>(plan: Plan<K>, key: K, now_ms: number): Plan<K> =>
  changed(plan, key, ({ isShown, failures }) => ({ isShown, dueAt_ms: now_ms + Math.min(REST_MS_MAX, (RENEW_MS / 4) * 2 ** failures), failures: failures + 1 }))

/** The picture in sight that is due first. */
export const nextDue = <K>(plan: Plan<K>): { readonly key: K; readonly dueAt_ms: number } | undefined => {
  let first: { readonly key: K; readonly dueAt_ms: number } | undefined
  for (const [key, { isShown, dueAt_ms }] of plan) if (isShown && (first === undefined || dueAt_ms < first.dueAt_ms)) first = { key, dueAt_ms }
  return first
}
