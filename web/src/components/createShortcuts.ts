import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** What the player does on a click or a key. */
export interface Shortcuts {
  readonly togglePlay: () => void
  readonly toggleMute: () => void
  readonly toggleFullscreen: () => void
  readonly isFullscreen: Accessor<boolean>
}

interface Target {
  readonly video: HTMLVideoElement
  readonly stage: Accessor<HTMLElement | undefined>
  readonly isLive: () => boolean
  readonly toLive: () => void
}

const skip_s = 5

const isTyping = ({ target }: KeyboardEvent): boolean => target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
const pressesItself = ({ target, key }: KeyboardEvent): boolean => key === ' ' && target instanceof HTMLElement && target.matches('button, a')

/** The player's keys (space or k, m, f, l, arrows), for the whole page while the component lives. */
export const createShortcuts = ({ video, stage, isLive, toLive }: Target): Shortcuts => {
  const [isFullscreen, setFullscreen] = createSignal(false)
  const togglePlay = (): void => {
    if (!video.paused) video.pause()
    else if (isLive()) toLive()
    else void video.play()
  }
  const toggleMute = (): void => {
    video.muted = !video.muted
    if (!video.muted && video.volume === 0) video.volume = 0.5
  }
  const toggleFullscreen = (): void => {
    if (document.fullscreenElement !== null) void document.exitFullscreen()
    else if (stage()?.requestFullscreen) void stage()?.requestFullscreen()
    else if ('webkitEnterFullscreen' in video) (video as HTMLVideoElement & { webkitEnterFullscreen: () => void }).webkitEnterFullscreen()
  }
  const seekBy = (seconds: number): void => {
    if (!isLive()) video.currentTime = Math.max(0, video.currentTime + seconds)
  }
  const keys: Readonly<Record<string, () => void>> = {
    ' ': togglePlay,
    k: togglePlay,
    m: toggleMute,
    f: toggleFullscreen,
    l: toLive,
    ArrowLeft: () => seekBy(-skip_s),
    ArrowRight: () => seekBy(skip_s),
  }
  const press = (event: KeyboardEvent): void => {
    const act = keys[event.key]
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || pressesItself(event)) return
    event.preventDefault()
    act()
  }
  const changed = (): void => void setFullscreen(document.fullscreenElement !== null)
  document.addEventListener('keydown', press)
  document.addEventListener('fullscreenchange', changed)
  onCleanup(() => {
    document.removeEventListener('keydown', press)
    document.removeEventListener('fullscreenchange', changed)
  })
  return { togglePlay, toggleMute, toggleFullscreen, isFullscreen }
}
