import { type JSX, Show } from 'solid-js'
import type { VideoState } from '../player/createVideoState.ts'
import type { Figures, LiveWindow } from '../player/engine.ts'
import { formatPosition } from '../player/formatTime.ts'
import type { Shortcuts } from './createShortcuts.ts'
import { Icon, type IconName } from './Icon.tsx'
import { LiveButton } from './LiveButton.tsx'
import { Timeline } from './Timeline.tsx'

const Control = (props: { readonly icon: IconName; readonly label: string; readonly onPress: () => void }) => (
  <button class="control" type="button" aria-label={props.label} title={props.label} onClick={() => props.onPress()}>
    <Icon name={props.icon} />
  </button>
)

const Volume = (props: { readonly video: HTMLVideoElement; readonly state: VideoState }) => {
  const shown = () => (props.state.muted ? 0 : props.state.volume)
  const setVolume = (volume: number): void => {
    props.video.volume = volume
    props.video.muted = volume === 0
  }
  return (
    <input
      class="slider volume"
      type="range"
      aria-label="Volume"
      aria-valuetext={`${Math.round(shown() * 100)} %`}
      min="0"
      max="1"
      step="0.05"
      value={shown()}
      style={{ '--done': `${shown() * 100}%` }}
      onInput={(event) => setVolume(event.currentTarget.valueAsNumber)}
    />
  )
}

const shortestWindow_s = 6

const LiveTimeline = (props: { readonly window: LiveWindow; readonly figures: Figures | undefined; readonly isAtEdge: boolean; readonly onSeek: (at_ms: number) => void }) => {
  const length_s = () => (props.window.end_ms - props.window.start_ms) / 1000
  const position_s = () => (props.isAtEdge ? length_s() : ((props.figures?.shownAt_ms ?? props.window.end_ms) - props.window.start_ms) / 1000)
  const words = (at_s: number): string => (length_s() - at_s < 3 ? 'Live' : `−${formatPosition(length_s() - at_s)}`)
  return (
    <Show when={length_s() >= shortestWindow_s}>
      <Timeline
        label="Go back in the live stream"
        length_s={length_s()}
        position_s={position_s()}
        ready_s={position_s() + (props.figures?.buffer_s ?? 0)}
        seeks="when let go"
        words={words}
        onSeek={(at_s) => props.onSeek(props.window.start_ms + at_s * 1000)}
      />
    </Show>
  )
}

/** The bar under the picture. */
export const Controls = (props: {
  readonly video: HTMLVideoElement
  readonly state: VideoState
  readonly figures: Figures | undefined
  readonly isLive: boolean
  readonly isBehind: boolean
  readonly window: LiveWindow | undefined
  readonly shortcuts: Shortcuts
  readonly settings: JSX.Element
  readonly toLive: () => void
  readonly seekTo: (at_ms: number) => void
}) => (
  <div class="controls">
    <Show
      when={props.isLive}
      fallback={
        <Timeline
          label="Position"
          length_s={props.state.duration_s}
          position_s={props.state.position_s}
          ready_s={props.state.position_s + (props.figures?.buffer_s ?? 0)}
          seeks="at once"
          words={formatPosition}
          onSeek={(at_s) => (props.video.currentTime = at_s)}
        />
      }
    >
      <Show when={props.window}>
        {(window) => <LiveTimeline window={window()} figures={props.figures} isAtEdge={!props.isBehind && !props.state.paused} onSeek={props.seekTo} />}
      </Show>
    </Show>
    <div class="controlRow">
      <Control icon={props.state.paused ? 'play' : 'pause'} label={props.state.paused ? 'Play (k)' : 'Pause (k)'} onPress={props.shortcuts.togglePlay} />
      <Control icon={props.state.muted ? 'muted' : 'sound'} label={props.state.muted ? 'Sound on (m)' : 'Sound off (m)'} onPress={props.shortcuts.toggleMute} />
      <Volume video={props.video} state={props.state} />
      <Show
        when={props.isLive}
        fallback={
          <span class="position">
            {formatPosition(props.state.position_s)} / {formatPosition(props.state.duration_s)}
          </span>
        }
      >
        <LiveButton figures={props.figures} isBehind={props.isBehind} paused={props.state.paused} toLive={props.toLive} />
      </Show>
      <span class="space" />
      {props.settings}
      <Show when={document.pictureInPictureEnabled}>
        <Control icon="pip" label="Picture in picture (p)" onPress={props.shortcuts.togglePictureInPicture} />
      </Show>
      <Control
        icon={props.shortcuts.isFullscreen() ? 'leave' : 'enter'}
        label={props.shortcuts.isFullscreen() ? 'Leave full screen (f)' : 'Full screen (f)'}
        onPress={props.shortcuts.toggleFullscreen}
      />
    </div>
  </div>
)
