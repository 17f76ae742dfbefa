import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** What the player does on a click or a key. */
export interface Shortcuts {
  readonly togglePlay: () => void
  readonly toggleMute: () => void
  readonly toggleFullscreen: () => void
  readonly togglePictureInPicture: () => void
  readonly isFullscreen: Accessor<boolean>
}

interface Target {
  readonly video: HTMLVideoElement
  readonly stage: Accessor<HTMLElement | undefined>
  readonly toLive: () => void
  /** Goes on or back by so many seconds. */
  readonly seekBy: (seconds: number) => void
  readonly showList: () => void
}

const step_s = { short: 5, long: 10 } as const
const volumeStep = 0.1

const inputTypes = { range: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', ' '], radio: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', ' '] } as const

/** Whether whatever has the focus needs the key itself. */
const isWantedThere = ({ target, key }: KeyboardEvent): boolean => {
  if (!(target instanceof HTMLElement)) return false
  if (document.querySelector('dialog[open]') !== null) return true
  if (target instanceof HTMLInputElement && (target.type === 'range' || target.type === 'radio')) return inputTypes[target.type].some((own) => own === key)
  if (target.matches('input, textarea, select, [contenteditable]')) return true
  return key === ' ' && target.matches('button, a, summary')
}

/** Up and down move a page that is longer than its window, unless the player has the focus. */
const isWantedByPage = ({ target, key }: KeyboardEvent, stage: HTMLElement | undefined): boolean => {
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return false
  const isLong = document.documentElement.scrollHeight > innerHeight && document.fullscreenElement === null
  return isLong && !(target instanceof Node && stage?.contains(target) === true)
}

/** The player's keys, for the whole page while the component lives; `?` lists them. */
export const createShortcuts = ({ video, stage, toLive, seekBy, showList }: Target): Shortcuts => {
  const [isFullscreen, setFullscreen] = createSignal(false)
  const togglePlay = (): void => {
    if (video.paused) void video.play().catch(console.warn)
    else video.pause()
  }
  const toggleMute = (): void => {
    video.muted = !video.muted
    if (!video.muted && video.volume === 0) video.volume = 0.5
  }
  const toggleFullscreen = (): void => {
    if (document.fullscreenElement !== null) void document.exitFullscreen().catch(console.warn)
    else if (stage()?.requestFullscreen) void stage()?.requestFullscreen().catch(console.warn)
    else if ('webkitEnterFullscreen' in video) (video as HTMLVideoElement & { webkitEnterFullscreen: () => void }).webkitEnterFullscreen()
  }
  const togglePictureInPicture = (): void => {
    if (document.pictureInPictureElement !== null) void document.exitPictureInPicture().catch(console.warn)
    else if (document.pictureInPictureEnabled) void video.requestPictureInPicture().catch(console.warn)
  }
  const changeVolume = (by: number): void => {
    video.volume = Math.min(1, Math.max(0, Math.round((video.volume + by) * 100) / 100))
    video.muted = video.volume === 0 || (video.muted && by < 0)
  }
  const keys: Readonly<Record<string, () => void>> = {
    ' ': togglePlay,
    k: togglePlay,
    m: toggleMute,
    f: toggleFullscreen,
    p: togglePictureInPicture,
    c: toLive,
    j: () => seekBy(-step_s.long),
    l: () => seekBy(step_s.long),
    ArrowLeft: () => seekBy(-step_s.short),
    ArrowRight: () => seekBy(step_s.short),
    ArrowUp: () => changeVolume(volumeStep),
    ArrowDown: () => changeVolume(-volumeStep),
    '?': showList,
  }
  const press = (event: KeyboardEvent): void => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey || isWantedThere(event) || isWantedByPage(event, stage())) return
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
  return { togglePlay, toggleMute, toggleFullscreen, togglePictureInPicture, isFullscreen }
}
