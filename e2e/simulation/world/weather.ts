/** How long messages take, ms, and what share of requests and answers are lost. Changed by faults. */
export interface Weather {
  slow_ms: number
  slowShare: number
  lossShare: number
}

/** A network where nothing goes wrong. */
export const fairWeather = (): Weather => ({ slow_ms: 0, slowShare: 0, lossShare: 0 })
