import { For } from 'solid-js'
import type { Stream } from '../api/stream.ts'
import type { Figures } from '../player/engine.ts'

const inSeconds = (seconds: number | undefined): string => (seconds === undefined ? '–' : `${seconds.toFixed(2)} s`)

const factsOf = (stream: Stream | undefined, figures: Figures | undefined): ReadonlyArray<readonly [string, string]> => [
  ['Picture', figures !== undefined && figures.width > 0 ? `${figures.width} × ${figures.height}` : '–'],
  ['Behind live', inSeconds(figures?.latency_s)],
  ['Buffer', inSeconds(figures?.buffer_s)],
  ['Dropped frames', String(figures?.droppedFrames ?? 0)],
  ['Renditions', stream?.renditions.map(({ name }) => name).join(', ') || '–'],
]

/** What a curious viewer wants to know of the playback, folded away. */
export const PlaybackFacts = (props: { readonly stream: Stream | undefined; readonly figures: Figures | undefined }) => (
  <details class="facts">
    <summary>Playback details</summary>
    <dl>
      <For each={factsOf(props.stream, props.figures)}>
        {([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        )}
      </For>
    </dl>
  </details>
)
