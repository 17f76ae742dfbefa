import { createMemo, Show } from 'solid-js'
import type { Figures } from '../player/engine.ts'
import type { Path } from '../player/paths.ts'
import { noQuality } from '../player/quality.ts'
import type { Phase } from '../player/session.ts'
import type { Notice, Source } from '../player/watchState.ts'
import { Controls } from './Controls.tsx'
import { createStage } from './createStage.ts'
import { Icon } from './Icon.tsx'
import { OverPicture } from './OverPicture.tsx'
import { SettingsMenu } from './SettingsMenu.tsx'
import { ShortcutsDialog } from './ShortcutsDialog.tsx'
import { Waves } from './Waves.tsx'
import './stage.css'

const unsupportedNotice: Notice = { title: 'This browser cannot play the stream', detail: 'A current Chrome, Edge, Firefox or Safari can.', tone: 'bad' }

/** What the page wants to know of its playback. */
export interface Playback {
  readonly phase: Phase
  readonly path: Path | undefined
  readonly figures: Figures | undefined
}

/** The picture with its controls. */
export const Stage = (props: {
  readonly source: Source | undefined
  readonly notice: Notice | undefined
  readonly title: string
  /** The stream has no picture. */
  readonly isSoundOnly: boolean
  readonly onPlayback: (playback: Playback) => void
  readonly onWantsRecording: () => void
}) => {
  const video = (<video playsinline aria-label={props.title} />) as HTMLVideoElement
  const { player, state, figures, idle, seeking, shortcuts, setElement, setMenuOpen, isListOpen, setListOpen } = createStage(video, () => props.source)
  const isBlank = () => !props.isSoundOnly && !player.still.isShown() && (figures()?.width ?? 0) === 0
  const notice = () => (player.unsupported() ? unsupportedNotice : props.notice)
  createMemo(() => props.onPlayback({ phase: player.phase(), path: player.path(), figures: figures() }))

  const settings = () => (
    <SettingsMenu
      quality={figures()?.quality ?? noQuality}
      isLive={props.source?.live ?? false}
      preference={player.preference()}
      onQuality={player.chooseQuality}
      onPreference={player.prefer}
      onShortcuts={() => setListOpen(true)}
      onOpen={setMenuOpen}
    />
  )
  return (
    <section class="stage" classList={{ idle: idle(), blank: isBlank() }} ref={setElement} aria-label="Player" data-path={player.path()}>
      {video}
      <Show when={props.isSoundOnly && props.source}>{(source) => <Waves id={source().id} />}</Show>
      <div class="still" classList={{ shown: player.still.isShown() }}>
        {player.still.canvas}
      </div>
      <OverPicture
        notice={notice()}
        isRefused={player.isRefused()}
        phase={player.phase()}
        paused={state().paused}
        onPlay={shortcuts.togglePlay}
        onWantsRecording={props.onWantsRecording}
      />
      <Show when={player.silenced() && notice() === undefined}>
        <button class="button unsilence" type="button" onClick={player.unsilence}>
          <Icon name="muted" /> Turn sound on
        </button>
      </Show>
      <Show when={notice() === undefined && props.source}>
        {(source) => (
          <Controls
            state={state()}
            figures={figures()}
            isLive={source().live}
            isBehind={player.startAt_ms() !== undefined}
            window={seeking.reach()}
            shortcuts={shortcuts}
            settings={settings()}
            video={video}
            toLive={seeking.toLive}
            seekTo={seeking.seekTo}
          />
        )}
      </Show>
      <ShortcutsDialog isOpen={isListOpen()} onClose={() => setListOpen(false)} />
    </section>
  )
}
