import type { ArchivedSegment, Recording, RecordingOutcome, RecordingSeed } from '../../../actors/database/Recordings.ts'
import { fairWeather, type Weather } from '../world/weather.ts'

/** A service beside NATS that may be away, slow, or lose its answers. */
export interface Backend {
  readonly name: string
  up: boolean
  weather: Weather
}

/** The object store: whole objects under keys. */
export class StoreServer implements Backend {
  readonly name = 'store'
  up = true
  weather = fairWeather()
  readonly objects = new Map<string, Uint8Array>()
}

const keyOf = (id: string, rendition: string, msn: number): string => `${id}/${rendition}/${msn}`

/** The tables `recordings` and `segments`, with the rules of their SQL: fencing tokens, and no archived segment replaced by a lost one. */
export class DatabaseServer implements Backend {
  readonly name = 'database'
  up = true
  weather = fairWeather()
  readonly recordings = new Map<string, Recording>()
  readonly rows = new Map<string, ArchivedSegment>()

  addSegment(seed: RecordingSeed, segment: ArchivedSegment): boolean {
    this.#plant(seed, segment.fenceToken)
    const key = keyOf(seed.id, segment.rendition, segment.msn)
    const old = this.rows.get(key)
    if (old !== undefined && (old.fenceToken > segment.fenceToken || (segment.objectKey === null && old.objectKey !== null))) return false
    if (JSON.stringify(old) === JSON.stringify(segment)) return false
    this.rows.set(key, segment)
    return true
  }

  segments(id: string): ReadonlyArray<ArchivedSegment> {
    const own = [...this.rows].filter(([key]) => key.startsWith(`${id}/`)).map(([, row]) => row)
    return own.sort((a, b) => (a.rendition === b.rendition ? a.msn - b.msn : a.rendition < b.rendition ? -1 : 1))
  }

  segment(id: string, rendition: string, msn: number): ArchivedSegment | undefined {
    return this.rows.get(keyOf(id, rendition, msn))
  }

  conclude(seed: RecordingSeed, outcome: RecordingOutcome): boolean {
    this.#plant(seed, outcome.fenceToken)
    const old = this.recordings.get(seed.id)
    if (old === undefined || old.fenceToken > outcome.fenceToken || (old.status === 'ready' && outcome.status !== 'ready')) return false
    const rows = this.segments(seed.id)
    const kept = rows.filter(({ objectKey }) => objectKey !== null)
    const counts = {
      segments: rows.length,
      lostSegments: rows.length - kept.length,
      frames: rows.reduce((sum, { frames }) => sum + frames, 0),
      bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0)
    }
    this.recordings.set(seed.id, { ...old, ...outcome, ...counts })
    return true
  }

  #plant(seed: RecordingSeed, fenceToken: number): void {
    if (this.recordings.has(seed.id)) return
    const fresh = { status: 'live', endedAt_ms: null, duration_ms: null, renditions: [], segments: 0, lostSegments: 0, frames: 0, bytes: 0, reason: '' } as const
    this.recordings.set(seed.id, { ...seed, ...fresh, fenceToken })
  }
}
