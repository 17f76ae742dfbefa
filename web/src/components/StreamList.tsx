import { createMemo, createSignal, For, type JSX, Show } from 'solid-js'
import type { Stream } from '../api/stream.ts'
import { createMoves } from '../motion/createMoves.ts'
import { createNow } from '../motion/createNow.ts'
import type { Pictures } from '../pictures/createPictures.ts'
import { StreamCard } from './StreamCard.tsx'

/** Ages are told in minutes. */
const clock_ms = 20_000

/** Streams as cards, each of which lives as long as its stream is listed. */
export const StreamList = (props: { readonly streams: ReadonlyArray<Stream>; readonly pictures: Pictures; readonly label: string; readonly big?: boolean }) => {
  const [list, setList] = createSignal<HTMLUListElement>()
  const byId = createMemo(() => new Map(props.streams.map((stream) => [stream.id, stream])))
  const ids = createMemo(() => [...byId().keys()], undefined, { equals: (one, other) => one.join() === other.join() })
  const now_ms = createNow(clock_ms)
  createMoves(list, ids)
  return (
    <ul class="cards" classList={{ big: props.big === true }} ref={setList} aria-label={props.label}>
      <For each={ids()}>{(id) => <Show when={byId().get(id)}>{(stream) => <StreamCard stream={stream()} pictures={props.pictures} now_ms={now_ms()} />}</Show>}</For>
    </ul>
  )
}

const BlankCard = () => (
  <li class="cardBlank">
    <span class="cardPicture" />
    <span class="cardTitle" />
    <span class="cardFacts" />
  </li>
)

/** As high as a list of a few streams: blank cards, or words in their place. Nothing below it moves when the first streams come. */
export const EmptyList = (props: { readonly children?: JSX.Element }) => (
  <div class="emptyList">
    <ul class="cards big" classList={{ unseen: props.children !== undefined }} aria-hidden="true">
      <For each={[0, 1, 2, 3]}>{() => <BlankCard />}</For>
    </ul>
    {props.children}
  </div>
)
