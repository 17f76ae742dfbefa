import { Match, Switch } from 'solid-js'
import type { Phase } from '../player/session.ts'
import type { Notice } from '../player/watchState.ts'
import { Icon } from './Icon.tsx'
import { NoticePanel } from './NoticePanel.tsx'

const BigPlay = (props: { readonly onPress: () => void }) => (
  <button class="bigPlay" type="button" aria-label="Play" onClick={() => props.onPress()}>
    <Icon name="play" />
  </button>
)

/** What lies over the picture: the button that starts it where the browser refuses to, else a notice, else that it is waited for, else the button that lets it go on. */
export const OverPicture = (props: {
  readonly notice: Notice | undefined
  /** The browser starts nothing by itself. */
  readonly isRefused: boolean
  readonly phase: Phase
  readonly paused: boolean
  readonly onPlay: () => void
  readonly onWantsRecording: () => void
}) => (
  <Switch>
    <Match when={props.isRefused}>
      <BigPlay onPress={props.onPlay} />
    </Match>
    <Match when={props.notice}>{(said) => <NoticePanel notice={said()} onWantsRecording={props.onWantsRecording} />}</Match>
    <Match when={props.phase === 'stalled'}>
      <div class="spinner" role="status" aria-label="Waiting for the picture" />
    </Match>
    <Match when={props.paused && props.phase === 'playing'}>
      <BigPlay onPress={props.onPlay} />
    </Match>
  </Switch>
)
