import { type Accessor, createSignal } from 'solid-js'
import { createFigures } from '../player/createFigures.ts'
import { createLiveWindow } from '../player/createLiveWindow.ts'
import { createPlayer, type Player } from '../player/createPlayer.ts'
import { createSeeking, type Seeking } from '../player/createSeeking.ts'
import { createVideoState, type VideoState } from '../player/createVideoState.ts'
import type { Figures } from '../player/engine.ts'
import type { Source } from '../player/watchState.ts'
import { createIdle } from './createIdle.ts'
import { createShortcuts, type Shortcuts } from './createShortcuts.ts'

/** All of the stage but its looks. */
export interface StageState {
  readonly player: Player
  readonly state: Accessor<VideoState>
  readonly figures: Accessor<Figures | undefined>
  readonly idle: Accessor<boolean>
  readonly seeking: Seeking
  readonly shortcuts: Shortcuts
  /** Tells which element goes full screen and is touched. */
  readonly setElement: (element: HTMLElement) => void
  readonly setMenuOpen: (isOpen: boolean) => void
  /** Whether the list of keys is shown. */
  readonly isListOpen: Accessor<boolean>
  readonly setListOpen: (isOpen: boolean) => void
}

/** Plays `source` in the video, and hears the keys, the clicks on the picture and whether anybody touches the stage. */
export const createStage = (video: HTMLVideoElement, source: Accessor<Source | undefined>): StageState => {
  const [element, setElement] = createSignal<HTMLElement>()
  const [isMenuOpen, setMenuOpen] = createSignal(false)
  const [isListOpen, setListOpen] = createSignal(false)
  const player = createPlayer(video, source)
  const state = createVideoState(video)
  const figures = createFigures(player.engine)
  const idle = createIdle(element, () => !state().paused && !isMenuOpen())
  const listed = createLiveWindow(source, () => player.path() === 'push' && !idle())
  const seeking = createSeeking({ video, source, player, figures, listed })
  const { toLive, seekBy } = seeking
  const shortcuts = createShortcuts({ video, stage: element, toLive, seekBy, showList: () => setListOpen(true) })
  video.addEventListener('click', (event) => void (event.pointerType === 'mouse' && shortcuts.togglePlay()))
  video.addEventListener('dblclick', shortcuts.toggleFullscreen)
  return { player, state, figures, idle, seeking, shortcuts, setElement, setMenuOpen, isListOpen, setListOpen }
}
