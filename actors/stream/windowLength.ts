import { WINDOW_GIVEN_UP_SHARE, WINDOW_SHORT_MS, WINDOW_SHORT_SHARE, WINDOW_SHRINKS_SHARE } from './limits.ts'

/** How far back viewers may look while MEDIA is so full, ms: rewind is a comfort, and gives way before anything else. */
export const windowLength = (wanted_ms: number, share: number): number => {
  if (share >= WINDOW_GIVEN_UP_SHARE) return 0
  const comfort_ms = Math.max(0, wanted_ms - WINDOW_SHORT_MS)
  const left = (WINDOW_SHORT_SHARE - share) / (WINDOW_SHORT_SHARE - WINDOW_SHRINKS_SHARE)
  return wanted_ms - comfort_ms * (1 - Math.min(1, Math.max(0, left)))
}
