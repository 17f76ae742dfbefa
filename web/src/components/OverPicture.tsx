import { Match, Switch } from 'solid-js'
import type { Phase } from '../player/session.ts'
import type { Notice } from '../player/watchState.ts'
import { Icon } from './Icon.tsx'
import { NoticePanel } from './NoticePanel.tsx'

/** What lies over the picture: a notice, else that it is waited for, else the button that lets it go on. */
export const OverPicture = (props: {
  readonly notice: Notice | undefined
  readonly phase: Phase
  readonly paused: boolean
  readonly onPlay: () => void
  readonly onWantsRecording: () => void
}) => (
  <Switch>
    <Match when={props.notice}>{(said) => <NoticePanel notice={said()} onWantsRecording={props.onWantsRecording} />}</Match>
    <Match when={props.phase === 'stalled'}>
      <div class="spinner" role="status" aria-label="Waiting for the picture" />
    </Match>
    <Match when={props.paused && props.phase === 'playing'}>
      <button class="bigPlay" type="button" aria-label="Play" onClick={() => props.onPlay()}>
        <Icon name="play" />
      </button>
    </Match>
  </Switch>
)
