import { Context } from 'effect'

/** What an operator sets of the archive. */
export interface ArchiveSettingsShape {
  /** Segments that this node archives at a time; each holds its share of the MEDIA log in memory. Default 4. */
  readonly concurrency: number
  /** How often this node looks for ended streams whose recording is not complete. Default 5 000. */
  readonly sweep_ms: number
  /** Longest that FFmpeg may take for a poster. Default 20 000. */
  readonly posterTimeout_ms: number
  /** FFmpeg's path, or its name on `PATH`. Default `ffmpeg`. */
  readonly ffmpeg: string
}

/** The settings of the archive. */
export class ArchiveSettings extends Context.Service<ArchiveSettings, ArchiveSettingsShape>()('millrace/actors/archive/ArchiveSettings') {}
