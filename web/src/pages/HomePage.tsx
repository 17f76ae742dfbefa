import { type JSX, Match, Show, Switch } from 'solid-js'
import { Icon } from '../components/Icon.tsx'
import { EmptyList, StreamList } from '../components/StreamList.tsx'
import { Waves } from '../components/Waves.tsx'
import { createTitle } from '../navigation/createTitle.ts'
import { createPictures } from '../pictures/createPictures.ts'
import { createHomeStreams } from './createHomeStreams.ts'
import './homePage.css'

const Quiet = (props: { readonly title: string; readonly tall: boolean; readonly children: JSX.Element }) => (
  <div class="quiet" classList={{ tall: props.tall }}>
    <Waves id="quiet" />
    <strong>{props.title}</strong>
    {props.children}
  </div>
)

const NobodyLive = (props: { readonly tall: boolean }) => (
  <Quiet title="Nobody is live right now" tall={props.tall}>
    <span>Streams appear here by themselves as soon as they begin.</span>
    <a class="button primary" href="/live">
      <Icon name="broadcast" /> Go live yourself
    </a>
  </Quiet>
)

const Unreachable = () => (
  <Quiet title="The server does not answer" tall>
    <span>This page keeps trying, and shows what is live as soon as it does.</span>
  </Quiet>
)

/** What is live now, and what can be watched again. */
export const HomePage = () => {
  createTitle(() => undefined)
  const { live, recordings, isAway } = createHomeStreams()
  const pictures = createPictures()
  const count = () => live()?.length ?? 0
  return (
    <div class="home">
      <section aria-labelledby="live">
        <div class="homeHead">
          <h1 id="live">Live now</h1>
          <Show when={count() > 0}>
            <span class="chip" aria-hidden="true">
              {count()}
            </span>
          </Show>
          <p class="visuallyHidden" role="status">
            {live() === undefined ? (isAway() ? 'The server does not answer' : '') : `${count()} live`}
          </p>
          <span class="homeConnection" role="status">
            <Show when={isAway() && live() !== undefined}>
              <span class="chip warn">
                <Icon name="warning" /> Reconnecting
              </span>
            </Show>
          </span>
        </div>
        <Switch fallback={<StreamList streams={live() ?? []} pictures={pictures} label="Live streams" big />}>
          <Match when={live() === undefined && isAway()}>
            <EmptyList>
              <Unreachable />
            </EmptyList>
          </Match>
          <Match when={live() === undefined}>
            <EmptyList />
          </Match>
          <Match when={count() === 0}>
            <EmptyList>
              <NobodyLive tall={recordings().length === 0} />
            </EmptyList>
          </Match>
        </Switch>
      </section>
      <Show when={recordings().length > 0}>
        <section aria-labelledby="recordings">
          <div class="homeHead">
            <h2 id="recordings">Recordings</h2>
          </div>
          <StreamList streams={recordings()} pictures={pictures} label="Recordings" />
        </section>
      </Show>
    </div>
  )
}
