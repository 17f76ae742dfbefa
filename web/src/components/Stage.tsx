import { createMemo, createSignal, Match, Show, Switch } from 'solid-js'
import { createFigures } from '../player/createFigures.ts'
import { createPlayer } from '../player/createPlayer.ts'
import { createVideoState } from '../player/createVideoState.ts'
import type { Figures } from '../player/engine.ts'
import type { Phase } from '../player/session.ts'
import type { Notice, Source } from '../player/watchState.ts'
import { Controls } from './Controls.tsx'
import { createIdle } from './createIdle.ts'
import { Icon } from './Icon.tsx'
import { NoticePanel } from './NoticePanel.tsx'
import { createShortcuts } from './createShortcuts.ts'
import './stage.css'

const unsupportedNotice: Notice = { title: 'This browser cannot play the stream', detail: 'A current Chrome, Edge, Firefox or Safari can.', tone: 'bad' }

/** The picture with its controls. */
export const Stage = (props: {
  readonly source: Source | undefined
  readonly notice: Notice | undefined
  readonly title: string
  readonly onPhase: (phase: Phase) => void
  readonly onFigures: (figures: Figures | undefined) => void
  readonly onWantsRecording: () => void
}) => {
  const video = (<video playsinline aria-label={props.title} />) as HTMLVideoElement
  const [stage, setStage] = createSignal<HTMLElement>()
  const player = createPlayer(video, () => props.source)
  const state = createVideoState(video)
  const figures = createFigures(player.engine)
  const idle = createIdle(stage, () => !state().paused)
  const notice = () => (player.unsupported() ? unsupportedNotice : props.notice)
  const stalled = () => player.phase() === 'stalled'
  createMemo(() => props.onPhase(player.phase()))
  createMemo(() => props.onFigures(figures()))
  const toLive = (): void => {
    player.engine()?.toLiveEdge()
    void video.play()
  }
  const shortcuts = createShortcuts({ video, stage, isLive: () => props.source?.live ?? true, toLive })
  return (
    <section class="stage" classList={{ idle: idle() }} ref={setStage} aria-label="Player">
      {video}
      <Switch>
        <Match when={notice()}>{(said) => <NoticePanel notice={said()} onWantsRecording={props.onWantsRecording} />}</Match>
        <Match when={stalled()}>
          <div class="spinner" role="status" aria-label="Waiting for the picture" />
        </Match>
      </Switch>
      <Show when={player.silenced() && notice() === undefined}>
        <button class="button unsilence" type="button" onClick={player.unsilence}>
          <Icon name="muted" /> Turn sound on
        </button>
      </Show>
      <Show when={notice() === undefined && props.source}>
        {(source) => <Controls state={state()} figures={figures()} isLive={source().live} shortcuts={shortcuts} video={video} toLive={toLive} />}
      </Show>
    </section>
  )
}
