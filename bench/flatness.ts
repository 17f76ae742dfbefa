/** Whether something that should stay as it is does: a row of figures taken one period apart, from its settling on. Pure. */

/** What a row of figures did once it had settled. */
export interface Flatness {
  readonly settled: number
  readonly max: number
  readonly last: number
  /** Slope of the line through all figures from `settled` on (least squares), per period. */
  readonly slope: number
  /** Neither peaks nor drifts: at most half above where it settled, and the line rises at most a quarter over the whole row. */
  readonly flat: boolean
}

const peakShare = 0.5
const driftShare = 0.25

const slopeOf = (values: ReadonlyArray<number>): number => {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const [above, below] = values.reduce(([a, b], value, at) => [a + (at - middle) * (value - mean), b + (at - middle) ** 2], [0, 0])
  return below === 0 ? 0 : above / below
}

/** Looks at the figures from index `settledAt` on; `slack` is what counts as nothing, in the figures' own unit. */
export const flatness = (values: ReadonlyArray<number>, settledAt: number, slack: number): Flatness => {
  const rest = values.slice(settledAt)
  const settled = rest[0] ?? Number.NaN
  const max = Math.max(...rest)
  const slope = slopeOf(rest)
  const drift = slope * (rest.length - 1)
  return { settled, max, last: rest.at(-1) ?? Number.NaN, slope, flat: max <= settled * (1 + peakShare) + slack && drift <= settled * driftShare + slack }
}
