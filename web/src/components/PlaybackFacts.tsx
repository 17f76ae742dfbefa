import { For } from 'solid-js'
import type { Path } from '../player/paths.ts'
import { delayOf } from '../player/liveEdge.ts'
import { shownLabel } from '../player/quality.ts'
import type { Playback } from './Stage.tsx'

const ways: Readonly<Record<Path, string>> = { push: 'Pushed, fragment by fragment', hls: 'HLS', native: 'HLS by the browser' }

const inSeconds = (seconds: number | undefined): string => (seconds === undefined ? '–' : `${seconds.toFixed(2)} s`)

const factsOf = ({ figures, path }: Playback, isLive: boolean): ReadonlyArray<readonly [string, string]> => {
  const live: ReadonlyArray<readonly [string, string]> = [
    ['Camera to picture', inSeconds(figures && delayOf(figures, Date.now()))],
    ['Behind the newest', inSeconds(figures?.latency_s)],
  ]
  return [
    ['Picture', figures !== undefined && figures.width > 0 ? `${figures.width} × ${figures.height}` : '–'],
    ['Quality', (figures && shownLabel(figures.quality)) ?? '–'],
    ['Delivery', path === undefined ? '–' : ways[path]],
    ...(isLive ? live : []),
    ['Buffer', inSeconds(figures?.buffer_s)],
    ['Speed', `${(figures?.rate ?? 1).toFixed(1)} ×`],
    ['Dropped frames', String(figures?.droppedFrames ?? 0)],
  ]
}

/** What a curious viewer wants to know of the playback, folded away. */
export const PlaybackFacts = (props: { readonly playback: Playback; readonly isLive: boolean }) => (
  <details class="disclosure facts">
    <summary>Playback details</summary>
    <dl>
      <For each={factsOf(props.playback, props.isLive)}>
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
