/** The value below which a share `q` (0…1) of the values lies, by the nearest rank; `undefined` when there are none. */
export const quantile = (values: ReadonlyArray<number>, q: number): number | undefined =>
  values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(q * values.length) - 1)]

/** The middle of the values; `undefined` when there are none. */
export const median = (values: ReadonlyArray<number>): number | undefined => quantile(values, 0.5)
