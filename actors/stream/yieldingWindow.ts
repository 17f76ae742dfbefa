import { BIG_RECORDS_SHARE_MAX } from '../../runtime/limits.ts'
import { moveWindow } from '../packager/packager.ts'
import { SPACE_TOLD_SHARE, WINDOW_SHRINKS_SHARE } from './limits.ts'
import { enqueueTick } from './publishing.ts'
import type { Space } from './streamState.ts'
import type { Turn } from './Turn.ts'
import { windowReach } from './windowReach.ts'

/** Whether logs so full matter to a stream, which is told of them until they do not. */
export const matters = ({ inbox, outbox }: Space): boolean => Math.max(inbox, outbox) > SPACE_TOLD_SHARE

/**
 * The logs were looked at. Room is counted down only where the next look will be told of, which counts it anew. What was
 * given up of the live window goes with the next fragments, or, where none have come or they have no room, with a tick,
 * behind which the log is trimmed. An inbox that had no room for frames kept its publisher out: the time that it has to
 * come back begins anew.
 */
export const onSpace = (turn: Turn, space: Space): void => {
  const before = turn.state.space
  turn.set({ space: matters(space) ? space : { ...space, room_bytes: Number.POSITIVE_INFINITY } })
  if (before.inbox >= BIG_RECORDS_SHARE_MAX && space.inbox < BIG_RECORDS_SHARE_MAX) {
    turn.act({ _tag: 'SetTimer', timer: 'window', after_ms: turn.state.config.settings.reconnectWindow_ms })
  }
  const { packager, stored, appending, outgoing } = turn.state
  if (space.outbox <= WINDOW_SHRINKS_SHARE || appending || outgoing.length > 0 || stored === undefined || packager.tracks.length === 0) return
  const shorter = moveWindow(packager, windowReach(turn.state, turn.now_ms))
  if (shorter.windowStartMsn <= stored.windowStartMsn) return
  turn.set({ packager: shorter })
  enqueueTick(turn, true)
}
