import { type Accessor, createMemo } from 'solid-js'
import { createEvents } from '../api/createEvents.ts'
import { createPolled } from '../api/createPolled.ts'
import { findStream } from '../api/fetchStreams.ts'
import type { Known } from './watchState.ts'

/** What is known of one stream. */
export interface KnownStream {
  readonly known: Accessor<Known>
  /** Nothing answers; what is known may be old. */
  readonly unreachable: Accessor<boolean>
}

const lookAgain_ms = 4_000

/** Follows one stream by events. While events know none of that id, its recording may be all that is left of it: that is looked for. */
export const createKnown = (id: string): KnownStream => {
  const events = createEvents({ ids: [id] })
  const live = createMemo(() => events.streams()?.get(id))
  const isUnknown = createMemo(() => events.streams() !== undefined && live() === undefined)
  const found = createPolled(() => findStream(id), lookAgain_ms, isUnknown)
  const known = createMemo((): Known => {
    const stream = live()
    if (stream !== undefined) return stream
    const { answer } = found()
    return answer === undefined ? 'asking' : (answer.value ?? 'unknown')
  })
  return { known, unreachable: () => events.unreachable() || (isUnknown() && found().unreachable) }
}
