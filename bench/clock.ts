/** Milliseconds of the machine's monotonic clock, the same in every process on it. */
export const clock_ms = (): number => Number(process.hrtime.bigint()) / 1_000_000
