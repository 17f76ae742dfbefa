import { Show } from 'solid-js'
import type { Figures } from '../player/engine.ts'
import { formatPosition } from '../player/formatTime.ts'
import { delayOf, isAtLiveEdge } from '../player/liveEdge.ts'

const exactUpTo_s = 10

const wordsOf = (delay_s: number, atEdge: boolean): string => (atEdge || delay_s < exactUpTo_s ? `${delay_s.toFixed(1)} s` : `−${formatPosition(delay_s)}`)

/** Says whether the picture is live and how old it is, and leads to the live edge. */
export const LiveButton = (props: { readonly figures: Figures | undefined; readonly isBehind: boolean; readonly paused: boolean; readonly toLive: () => void }) => {
  const atEdge = () => !props.paused && !props.isBehind && (props.figures === undefined || isAtLiveEdge(props.figures))
  const delay_s = () => (props.figures === undefined ? undefined : delayOf(props.figures, Date.now()))
  const title = () => (atEdge() ? 'Playing live; the delay from the camera to this picture' : 'Go to live (c)')
  return (
    <button class="liveEdge" classList={{ atEdge: atEdge() }} type="button" onClick={() => props.toLive()} title={title()}>
      <span class="dot" aria-hidden="true" />
      <span>{atEdge() ? 'Live' : 'Go to live'}</span>
      <Show when={delay_s()}>{(seconds) => <span class="behind">{wordsOf(seconds(), atEdge())}</span>}</Show>
    </button>
  )
}
