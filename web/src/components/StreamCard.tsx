import { createSignal, Show } from 'solid-js'
import { pictureSize, type Stream } from '../api/stream.ts'
import { watchPath } from '../navigation/route.ts'
import { formatAgo } from '../player/formatTime.ts'
import { Badge } from './Badge.tsx'
import { Waves } from './Waves.tsx'
import './streamCard.css'

const poster = (stream: Stream): string | undefined => (stream.status === 'archived' ? `/recordings/${stream.id}/poster.jpg` : undefined)

/** One stream of a list: its picture, name and age, all one link. */
export const StreamCard = (props: { readonly stream: Stream; readonly now_ms: number }) => {
  const [missing, setMissing] = createSignal(false)
  const facts = () => [formatAgo(props.stream.startedAt, props.now_ms), pictureSize(props.stream)].filter(Boolean).join(' · ')
  return (
    <li>
      <a class="card" href={watchPath(props.stream.id)}>
        <span class="cardPicture">
          <Waves id={props.stream.id} />
          <Show when={!missing() && poster(props.stream)}>{(src) => <img src={src()} alt="" loading="lazy" onError={() => setMissing(true)} />}</Show>
          <Show when={props.stream.status === 'live'}>
            <Badge status="live" />
          </Show>
        </span>
        <span class="cardTitle" dir="auto">
          {props.stream.title}
        </span>
        <span class="cardFacts">{facts() || '\u00a0'}</span>
      </a>
    </li>
  )
}
