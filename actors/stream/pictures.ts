import type { RandomAccessPoint } from '../source/sourceIndex.ts'
import { GOP_BYTES_MAX, PICTURES_GONE_MS, PICTURES_GONE_MS_MAX } from './limits.ts'

const TICKS_PER_MS = 90
/** How much later than usual a keyframe may come. */
const KEYFRAME_SLACK = 1.3

/** The newest pictures of a run: what it takes to make the last one again once none come any more. Times in 90 kHz ticks. */
export interface Pictures {
  readonly newest: number
  /** The newest keyframe, and how many pictures there are since, it among them. */
  readonly from: RandomAccessPoint
  readonly count: number
  /** All of the source's bytes since; undefined where they are too many. */
  readonly bytes: ReadonlyArray<Uint8Array> | undefined
  readonly size: number
  /** Longest time between two keyframes; 0: there was but one. */
  readonly keyframesApart: number
}

/** Another picture of the source; `point` where it is a keyframe. */
export const withPicture = (before: Pictures | undefined, pts: number, point: RandomAccessPoint | undefined): Pictures | undefined => {
  const newest = Math.max(pts, before?.newest ?? pts)
  if (point === undefined) return before && { ...before, newest, count: before.count + 1 }
  const keyframesApart = before === undefined ? 0 : Math.max(before.keyframesApart, point.pts - before.from.pts)
  return { newest, from: point, count: 1, bytes: [], size: 0, keyframesApart }
}

/** More of the source's bytes, in order. */
export const withBytes = (before: Pictures | undefined, more: Uint8Array): Pictures | undefined => {
  if (before?.bytes === undefined) return before
  const size = before.size + more.byteLength
  if (size > GOP_BYTES_MAX) return { ...before, bytes: undefined, size: 0 }
  const last = before.bytes.at(-1)
  const goesOn = last !== undefined && last.buffer === more.buffer && last.byteOffset + last.byteLength === more.byteOffset
  const bytes = goesOn ? [...before.bytes.slice(0, -1), new Uint8Array(last.buffer, last.byteOffset, last.byteLength + more.byteLength)] : [...before.bytes, more]
  return { ...before, bytes, size }
}

/** Whether no picture has come for so long, while sound has come to `pts`, that the next one would be a keyframe. */
export const haveGone = ({ newest, keyframesApart }: Pictures, pts: number): boolean => {
  const patience = keyframesApart === 0 ? PICTURES_GONE_MS_MAX * TICKS_PER_MS : Math.max(PICTURES_GONE_MS * TICKS_PER_MS, keyframesApart * KEYFRAME_SLACK)
  return pts - newest > Math.min(patience, PICTURES_GONE_MS_MAX * TICKS_PER_MS)
}
