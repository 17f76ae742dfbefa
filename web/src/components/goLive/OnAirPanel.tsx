import { For, Show } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import { formatPosition } from '../../player/formatTime.ts'
import type { PublisherView } from '../../publisher/createPublisher.ts'
import { formatBytes, formatRate, wordsOf } from '../../publisher/words.ts'
import { createNow } from '../../motion/createNow.ts'
import { FoldedChoices } from './CaptureChoices.tsx'
import { ShareBox } from './ShareBox.tsx'

/** How the stream goes: since when, who watches, what is durable and what is waiting. */
export const OnAirPanel = (props: {
  readonly capture: Capture
  readonly view: PublisherView
  readonly title: string
  readonly startedAt_ms: number
  readonly url: string
  readonly onLeave: () => void
}) => {
  const now_ms = createNow(1_000)
  const words = () => wordsOf(props.view)
  const facts = (): ReadonlyArray<readonly [string, string]> => [
    ['Live for', formatPosition(Math.max(0, now_ms() - props.startedAt_ms) / 1000)],
    ['Viewers', String(props.view.viewers ?? '–')],
    ['Recorded at', props.view.bitsPerSecond > 0 ? formatRate(props.view.bitsPerSecond) : '–'],
    ['Stored', formatBytes(props.view.figures.storedBytes)],
    ['Not stored yet', `${props.view.figures.waiting_s.toFixed(1)} s`],
    ['On their way', props.view.figures.waitingChunks === 1 ? '1 chunk' : `${props.view.figures.waitingChunks} chunks`],
  ]
  return (
    <div class="livePanel">
      <h1 dir="auto">{props.title || 'Your stream'}</h1>
      <div class={`durability ${words().tone}`}>
        <strong role="status">{words().title}</strong>
        <span>{words().detail}</span>
        <Show when={props.view.isStopping && props.view.phase !== 'live'}>
          <button class="button" type="button" onClick={() => props.onLeave()}>
            Do not wait
          </button>
        </Show>
      </div>
      <dl class="liveFacts">
        <For each={facts().map(([name]) => name)}>
          {(name, index) => (
            <div>
              <dt>{name}</dt>
              <dd>{facts()[index()]?.[1]}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={!props.view.isStopping}>
        <ShareBox url={props.url} />
        <FoldedChoices capture={props.capture} />
      </Show>
    </div>
  )
}
