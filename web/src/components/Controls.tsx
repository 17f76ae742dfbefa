import { Show } from 'solid-js'
import type { VideoState } from '../player/createVideoState.ts'
import type { Figures } from '../player/engine.ts'
import { formatPosition } from '../player/formatTime.ts'
import { isAtLiveEdge } from '../player/liveEdge.ts'
import type { Shortcuts } from './createShortcuts.ts'
import { Icon, type IconName } from './Icon.tsx'

const Control = (props: { readonly icon: IconName; readonly label: string; readonly onPress: () => void }) => (
  <button class="control" type="button" aria-label={props.label} title={props.label} onClick={() => props.onPress()}>
    <Icon name={props.icon} />
  </button>
)

const LiveEdge = (props: { readonly figures: Figures | undefined; readonly paused: boolean; readonly toLive: () => void }) => {
  const atEdge = () => !props.paused && (props.figures === undefined || isAtLiveEdge(props.figures))
  const behind = () => props.figures?.latency_s
  return (
    <button class="liveEdge" classList={{ atEdge: atEdge() }} type="button" onClick={() => props.toLive()} title={atEdge() ? 'Playing live' : 'Go to live'}>
      <span class="dot" aria-hidden="true" />
      <span>{atEdge() ? 'Live' : 'Go to live'}</span>
      <Show when={!props.paused && behind()}>{(seconds) => <span class="behind">{seconds().toFixed(1)} s</span>}</Show>
    </button>
  )
}

/** The bar under the picture. */
export const Controls = (props: {
  readonly video: HTMLVideoElement
  readonly state: VideoState
  readonly figures: Figures | undefined
  readonly isLive: boolean
  readonly shortcuts: Shortcuts
  readonly toLive: () => void
}) => {
  const setVolume = (volume: number): void => {
    props.video.volume = volume
    props.video.muted = volume === 0
  }
  return (
    <div class="controls">
      <Show when={!props.isLive}>
        <input
          class="slider seek"
          type="range"
          aria-label="Position"
          aria-valuetext={formatPosition(props.state.position_s)}
          min="0"
          max={Math.max(0.1, props.state.duration_s)}
          step="0.1"
          value={props.state.position_s}
          style={{ '--done': `${(100 * props.state.position_s) / Math.max(0.1, props.state.duration_s)}%` }}
          onInput={(event) => (props.video.currentTime = event.currentTarget.valueAsNumber)}
        />
      </Show>
      <div class="controlRow">
        <Control icon={props.state.paused ? 'play' : 'pause'} label={props.state.paused ? 'Play (k)' : 'Pause (k)'} onPress={props.shortcuts.togglePlay} />
        <Control icon={props.state.muted ? 'muted' : 'sound'} label={props.state.muted ? 'Sound on (m)' : 'Sound off (m)'} onPress={props.shortcuts.toggleMute} />
        <input
          class="slider volume"
          type="range"
          aria-label="Volume"
          min="0"
          max="1"
          step="0.05"
          value={props.state.muted ? 0 : props.state.volume}
          style={{ '--done': `${props.state.muted ? 0 : props.state.volume * 100}%` }}
          onInput={(event) => setVolume(event.currentTarget.valueAsNumber)}
        />
        <Show
          when={props.isLive}
          fallback={
            <span class="position">
              {formatPosition(props.state.position_s)} / {formatPosition(props.state.duration_s)}
            </span>
          }
        >
          <LiveEdge figures={props.figures} paused={props.state.paused} toLive={props.toLive} />
        </Show>
        <span class="space" />
        <Show when={document.pictureInPictureEnabled}>
          <Control icon="pip" label="Picture in picture" onPress={() => void props.video.requestPictureInPicture().catch(console.warn)} />
        </Show>
        <Control
          icon={props.shortcuts.isFullscreen() ? 'leave' : 'enter'}
          label={props.shortcuts.isFullscreen() ? 'Leave full screen (f)' : 'Full screen (f)'}
          onPress={props.shortcuts.toggleFullscreen}
        />
      </div>
    </div>
  )
}
