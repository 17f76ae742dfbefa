import { Context } from 'effect'
import type { Ladder } from '../ffmpeg/ladder.ts'
import type { PackagerSettings } from '../packager/packager.ts'

/** What an operator sets of streams; `deploy/server/settings.ts` reads it from the environment. */
export interface StreamSettingsShape extends PackagerSettings {
  /** Encoded renditions below the source's own. Default none. */
  readonly ladder: Ladder
  /** How long a stream waits for its publisher to come back. Default 30 000. */
  readonly reconnectWindow_ms: number
}

/** The settings of streams. */
export class StreamSettings extends Context.Service<StreamSettings, StreamSettingsShape>()('millrace/actors/StreamSettings') {}

/** Parts of 200 ms, segments of 2 s, a minute to look back, half a minute to come back. */
export const defaultStreamSettings: StreamSettingsShape = { part_ms: 200, segment_ms: 2_000, liveWindow_ms: 60_000, ladder: [], reconnectWindow_ms: 30_000 }
