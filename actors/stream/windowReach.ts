import type { WindowReach } from '../packager/packager.ts'
import { SHOWN_MS_MIN, SHOWN_SHORT_MS_MIN, WINDOW_GIVEN_UP_SHARE, WINDOW_SHORT_MS, WINDOW_SHORT_SHARE, WINDOW_SHRINKS_SHARE } from './limits.ts'
import type { StreamState } from './streamState.ts'

/** How far back viewers may look while MEDIA is so full, ms: rewind is a comfort, and gives way before anything else. */
export const windowLength = (wanted_ms: number, share: number): number => {
  if (share >= WINDOW_GIVEN_UP_SHARE) return 0
  const comfort_ms = Math.max(0, wanted_ms - WINDOW_SHORT_MS)
  const left = (WINDOW_SHORT_SHARE - share) / (WINDOW_SHORT_SHARE - WINDOW_SHRINKS_SHARE)
  return wanted_ms - comfort_ms * (1 - Math.min(1, Math.max(0, left)))
}

/**
 * How far the live window reaches now. However short it is, every segment stays in it for a while: a backlog is
 * published faster than its own pace, and would else slide past viewers unseen.
 */
export const windowReach = ({ config, space, shown }: StreamState, now_ms: number): WindowReach => {
  const shownUntil_ms = now_ms - (space.outbox >= WINDOW_GIVEN_UP_SHARE ? SHOWN_SHORT_MS_MIN : SHOWN_MS_MIN)
  return {
    length_ms: windowLength(config.settings.liveWindow_ms, space.outbox),
    shownFromMsn: (shown.findLast(({ since_ms }) => since_ms <= shownUntil_ms) ?? shown[0])?.msn ?? -1
  }
}

/** The newest segments by the time at which they were stored, now that a record is. */
export const withShown = ({ shown, packager }: StreamState, now_ms: number): StreamState['shown'] => {
  if ((shown.at(-1)?.msn ?? -1) >= packager.openedMsn) return shown
  const seen = shown.findLastIndex(({ since_ms }) => since_ms <= now_ms - SHOWN_MS_MIN)
  return [...shown.slice(Math.max(0, seen)), { msn: packager.openedMsn, since_ms: now_ms }]
}
