/** How long messages take, ms, and what share of requests and answers are lost or arrives twice. Changed by faults. */
export interface Weather {
  slow_ms: number
  slowShare: number
  lossShare: number
  twiceShare: number
}

/** A network where nothing goes wrong. */
export const fairWeather = (): Weather => ({ slow_ms: 0, slowShare: 0, lossShare: 0, twiceShare: 0 })
