import { type Accessor, createMemo } from 'solid-js'
import { createEvents } from '../api/createEvents.ts'
import { createPolled } from '../api/createPolled.ts'
import { fetchStreams } from '../api/fetchStreams.ts'
import type { Stream } from '../api/stream.ts'
import { createPaced } from '../motion/createPaced.ts'
import { liveOf, recordingsOf } from './homeLists.ts'

/** Recordings that are finished while the page is open come as events; this is for those that were missed. */
const recordings_ms = 30_000

/** Of hundreds of streams something changes all the time; nobody sees more than this. */
const pace_ms = 400

/** What Home knows. */
export interface HomeStreams {
  /** `undefined`: nothing is known yet. */
  readonly live: Accessor<ReadonlyArray<Stream> | undefined>
  readonly recordings: Accessor<ReadonlyArray<Stream>>
  /** Whether the server does not answer now. */
  readonly isAway: Accessor<boolean>
}

/** Follows what is live and what was recorded; stops with its owner. */
export const createHomeStreams = (): HomeStreams => {
  const events = createEvents()
  const streams = createPaced(events.streams, pace_ms)
  const asked = createPolled(fetchStreams, recordings_ms)
  const live = createMemo((shown: ReadonlyArray<Stream> | undefined) => {
    const known = streams()?.values() ?? asked().answer?.value
    return known && liveOf(known, shown ?? [])
  })
  const recordings = createMemo(() => {
    const known = new Map(asked().answer?.value.map((stream) => [stream.id, stream]))
    for (const stream of streams()?.values() ?? []) known.set(stream.id, stream)
    return recordingsOf(known.values())
  })
  return { live, recordings, isAway: () => events.unreachable() || (live() === undefined && asked().unreachable) }
}
