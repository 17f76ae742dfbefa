import { createSignal, Match, Show, Switch } from 'solid-js'
import { pictureSize, type Stream } from '../api/stream.ts'
import { watchPath } from '../navigation/route.ts'
import type { Pictures } from '../pictures/createPictures.ts'
import { formatAgo } from '../player/formatTime.ts'
import { Badge } from './Badge.tsx'
import { formatLength } from './figures.ts'
import { LivePicture } from './LivePicture.tsx'
import { ViewerCount } from './ViewerCount.tsx'
import { Waves } from './Waves.tsx'
import './streamCard.css'

const Poster = (props: { readonly id: string }) => {
  const [missing, setMissing] = createSignal(false)
  return (
    <Show when={!missing()}>
      <img src={`/recordings/${props.id}/poster.jpg`} alt="" width="320" height="180" loading="lazy" decoding="async" onError={() => setMissing(true)} />
    </Show>
  )
}

/** One stream of a list: its picture, name and age, all one link. */
export const StreamCard = (props: { readonly stream: Stream; readonly pictures: Pictures; readonly now_ms: number }) => {
  const isLive = () => props.stream.status === 'live'
  const length = () => (props.stream.duration_ms === undefined ? '' : formatLength(props.stream.duration_ms))
  const age = () => formatAgo(props.stream.startedAt, props.now_ms)
  const facts = () => [age(), pictureSize(props.stream)].filter(Boolean).join(' · ')
  return (
    <li>
      <a class="card" href={watchPath(props.stream.id)}>
        <span class="cardPicture">
          <Waves id={props.stream.id} />
          <Switch>
            <Match when={isLive()}>
              <LivePicture stream={props.stream} pictures={props.pictures} />
              <Badge status={props.stream.state} />
              <Show when={props.stream.viewers !== undefined}>
                <ViewerCount count={props.stream.viewers ?? 0} onPicture />
              </Show>
            </Match>
            <Match when={props.stream.status === 'archived'}>
              <Poster id={props.stream.id} />
              <Show when={length()}>{(said) => <span class="onPicture">{said()}</span>}</Show>
            </Match>
          </Switch>
        </span>
        <span class="cardTitle" dir="auto">
          {props.stream.title}
        </span>
        <span class="cardFacts">{facts() || '\u00a0'}</span>
      </a>
    </li>
  )
}
