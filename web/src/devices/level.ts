/** How loud a sound is, for a meter. Pure. */

/** Quieter than this, in dB below full scale, shows as nothing. */
const floor_dB = -60

/** 0 (nothing) to 1 (full scale), evenly in dB, of samples of -1 to 1. */
export const levelOf = (samples: Float32Array): number => {
  if (samples.length === 0) return 0
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
  if (power === 0) return 0
  return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power)) / floor_dB))
}

/** A meter falls slowly, so that eyes can follow it. */
export const fall = (shown: number, level: number): number => Math.max(level, shown - 0.06)
