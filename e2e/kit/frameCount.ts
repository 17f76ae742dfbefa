/** Which numbered frames came, and which did not. Pure. */

/** What is wrong with a row of frame numbers. */
export interface FrameCount {
  /** Frames that came at least once. */
  readonly seen: number
  /** Runs of frames that never came, first and last inclusive. */
  readonly missing: ReadonlyArray<readonly [number, number]>
  readonly missingFrames: number
  /** Times that a frame came again. */
  readonly repeated: number
  /** Times that a frame came after a later one, repeats not counted. */
  readonly outOfOrder: number
  /** Pictures whose number could not be read. */
  readonly unreadable: number
}

/** Counts frames in the order they came. `expected` (inclusive) defaults to lowest and highest seen. */
export const countFrames = (frames: Iterable<number | undefined>, expected?: readonly [number, number]): FrameCount => {
  const seen = new Set<number>()
  let highest = Number.NEGATIVE_INFINITY
  let lowest = Number.POSITIVE_INFINITY
  let [repeated, outOfOrder, unreadable] = [0, 0, 0]
  for (const frame of frames) {
    if (frame === undefined) unreadable++
    else if (seen.has(frame)) repeated++
    else {
      if (frame < highest) outOfOrder++
      highest = Math.max(highest, frame)
      lowest = Math.min(lowest, frame)
      seen.add(frame)
    }
  }
  const [first, last] = expected ?? [lowest, highest]
  const missing: Array<readonly [number, number]> = []
  let missingFrames = 0
  for (let frame = first; frame <= last; frame++) {
    if (seen.has(frame)) continue
    missingFrames++
    const run = missing.at(-1)
    if (run !== undefined && run[1] === frame - 1) missing[missing.length - 1] = [run[0], frame]
    else missing.push([frame, frame])
  }
  return { seen: seen.size, missing, missingFrames, repeated, outOfOrder, unreadable }
}
