import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js'
import { createPolled } from './createPolled.ts'
import { createSocket } from './createSocket.ts'
import { fetchStreams, findStream } from './fetchStreams.ts'
import type { Stream } from './stream.ts'
import { applyEvent, readEvent, type StreamMap } from './streamEvents.ts'

/** Which streams. */
export interface EventsOptions {
  /** At most 50; without it all that are live. */
  readonly ids?: ReadonlyArray<string>
}

/** Streams as they change. */
export interface Events {
  /** By id; `undefined` before the first answer. Those that ended stay, as ended, until the server forgets them. */
  readonly streams: Accessor<StreamMap | undefined>
  /** Neither the socket nor polling gets an answer; what is known may be old. */
  readonly unreachable: Accessor<boolean>
}

const poll_ms = 3_000
/** Polling begins when the socket has not spoken for so long: a reconnection is quicker. */
const patience_ms = 1_500

const fetchNamed = async (ids: ReadonlyArray<string>): Promise<ReadonlyArray<Stream>> => (await Promise.all(ids.map(findStream))).filter((stream) => stream !== undefined)
const fetchLive = async (): Promise<ReadonlyArray<Stream>> => (await fetchStreams()).filter(({ status }) => status === 'live')

/**
 * Follows streams over `/ws/events`, and by polling `GET /api/streams` while the socket is away. Each reconnection begins
 * with a whole list, so that nothing is missed. Ends with its owner.
 */
export const createEvents = ({ ids }: EventsOptions = {}): Events => {
  const [streams, setStreams] = createSignal<StreamMap>()
  const [hasSocket, setHasSocket] = createSignal(false)
  const [mustPoll, setMustPoll] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const doubt = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => setMustPoll(true), patience_ms)
  }
  const hear = (text: string): void => {
    const event = readEvent(text)
    if (event === undefined) return
    if (event.type === 'streams') {
      clearTimeout(timer)
      setHasSocket(true)
      setMustPoll(false)
    }
    setStreams((known) => applyEvent(known, event))
  }
  createSocket({
    path: () => (ids === undefined ? '/ws/events' : `/ws/events?streams=${ids.join(',')}`),
    onText: hear,
    onClosed: () => {
      if (hasSocket()) doubt()
      setHasSocket(false)
    },
    isFinal: () => false,
  })
  doubt()
  onCleanup(() => clearTimeout(timer))
  const polled = createPolled(() => (ids === undefined ? fetchLive() : fetchNamed(ids)), poll_ms, mustPoll)
  createEffect(
    on(polled, ({ answer, unreachable }) => {
      if (answer === undefined || unreachable || hasSocket()) return
      setStreams((known) => applyEvent(known, { type: 'streams', streams: answer.value }))
    }),
  )
  return { streams, unreachable: () => !hasSocket() && polled().unreachable }
}
