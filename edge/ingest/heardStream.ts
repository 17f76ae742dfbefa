import { SILENT_PUBLISHER_MS } from './limits.ts'
import type { SessionState } from './sessionState.ts'

/** The stream whose publisher is heard on a connection: something has come of late, or all has. */
export const heardStream = (state: SessionState, mono_ms: number): string | undefined => {
  if (state._tag === 'Ending') return state.id
  return state._tag === 'Live' && !state.gone && mono_ms - state.heard_ms < SILENT_PUBLISHER_MS ? state.id : undefined
}
