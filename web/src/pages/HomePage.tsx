import { createMemo, For, type JSX, Match, Show, Switch } from 'solid-js'
import { createPolled } from '../api/createPolled.ts'
import { fetchStreams } from '../api/fetchStreams.ts'
import type { Stream } from '../api/stream.ts'
import { StreamCard } from '../components/StreamCard.tsx'
import { createTitle } from '../navigation/createTitle.ts'
import './homePage.css'

const poll_ms = 3_000
const recordingsShown = 24

const newestFirst = (streams: ReadonlyArray<Stream>, isWanted: (stream: Stream) => boolean): ReadonlyArray<Stream> =>
  streams.filter(isWanted).sort((one, other) => other.startedAt.localeCompare(one.startedAt))

const Cards = (props: { readonly streams: ReadonlyArray<Stream> }) => {
  const byId = createMemo(() => new Map(props.streams.map((stream) => [stream.id, stream])))
  const ids = createMemo(() => [...byId().keys()])
  const now_ms = createMemo(() => (props.streams, Date.now()))
  return (
    <ul class="cards">
      <For each={ids()}>{(id) => <Show when={byId().get(id)}>{(stream) => <StreamCard stream={stream()} now_ms={now_ms()} />}</Show>}</For>
    </ul>
  )
}

const Blank = () => (
  <ul class="cards" aria-hidden="true">
    <For each={[0, 1, 2]}>
      {() => (
        <li class="cardBlank">
          <span class="cardPicture" />
          <span class="cardTitle" />
          <span class="cardFacts">&nbsp;</span>
        </li>
      )}
    </For>
  </ul>
)

const Quiet = (props: { readonly children: JSX.Element }) => <div class="quiet">{props.children}</div>

/** What is live now, and what can be watched again. */
export const HomePage = () => {
  createTitle(() => undefined)
  const polled = createPolled(fetchStreams, poll_ms)
  const streams = () => polled().answer?.value
  const live = createMemo(() => newestFirst(streams() ?? [], ({ status }) => status === 'live'))
  const recordings = createMemo(() => newestFirst(streams() ?? [], ({ status }) => status === 'archived').slice(0, recordingsShown))
  return (
    <div class="home">
      <section aria-labelledby="live">
        <h1 id="live">
          Live now
          <Show when={live().length > 0}>
            <span class="count">{live().length}</span>
          </Show>
        </h1>
        <p class="visuallyHidden" role="status">
          {streams() === undefined ? '' : `${live().length} live`}
        </p>
        <Show when={polled().unreachable}>
          <p class="unreachable" role="alert">
            The server does not answer. Trying again by itself.
          </p>
        </Show>
        <Switch fallback={<Cards streams={live()} />}>
          <Match when={streams() === undefined}>
            <Blank />
          </Match>
          <Match when={live().length === 0}>
            <Quiet>
              <strong>Nobody is live right now.</strong>
              <span>Streams appear here by themselves as soon as they begin.</span>
            </Quiet>
          </Match>
        </Switch>
      </section>
      <Show when={recordings().length > 0}>
        <section aria-labelledby="recordings">
          <h2 id="recordings">Recordings</h2>
          <Cards streams={recordings()} />
        </section>
      </Show>
    </div>
  )
}
