import { createEffect, createSignal, createUniqueId, onCleanup, Show } from 'solid-js'
import type { Preference } from '../player/paths.ts'
import { type Quality, shownLabel } from '../player/quality.ts'
import { Icon } from './Icon.tsx'
import { SettingsPanel } from './SettingsPanel.tsx'
import './settingsMenu.css'

/** Until its owner ends or runs anew: a press or the focus beside `root` leaves, Escape closes. */
const hearLeaving = (root: HTMLElement | undefined, leave: () => void, close: () => void): void => {
  const beside = ({ target }: Event): void => void (target instanceof Node && root?.contains(target) !== true && leave())
  const escape = (event: KeyboardEvent): void => void (event.key === 'Escape' && close())
  document.addEventListener('pointerdown', beside)
  document.addEventListener('focusin', beside)
  document.addEventListener('keydown', escape)
  onCleanup(() => {
    document.removeEventListener('pointerdown', beside)
    document.removeEventListener('focusin', beside)
    document.removeEventListener('keydown', escape)
  })
}

/** The gear: quality, what a viewer cares for more, and the list of keys. */
export const SettingsMenu = (props: {
  readonly quality: Quality
  readonly isLive: boolean
  readonly preference: Preference
  readonly onQuality: (name: string) => void
  readonly onPreference: (preference: Preference) => void
  readonly onShortcuts: () => void
  readonly onOpen: (isOpen: boolean) => void
}) => {
  const [isOpen, setOpen] = createSignal(false)
  const panel = createUniqueId()
  let root: HTMLDivElement | undefined
  let button: HTMLButtonElement | undefined
  const leave = (): void => void setOpen(false)
  const close = (): void => {
    leave()
    button?.focus()
  }
  const showShortcuts = (): void => {
    leave()
    props.onShortcuts()
  }
  createEffect(() => {
    props.onOpen(isOpen())
    if (!isOpen()) return
    root?.querySelector<HTMLInputElement>('input:checked')?.focus()
    hearLeaving(root, leave, close)
  })
  return (
    <div class="settings" ref={root}>
      <button
        class="control settingsButton"
        type="button"
        aria-expanded={isOpen()}
        aria-controls={panel}
        title="Settings"
        onClick={() => setOpen(!isOpen())}
        ref={button}
      >
        <span class="visuallyHidden">Settings</span>
        <Show when={shownLabel(props.quality)}>{(label) => <span class="settingsQuality">{label()}</span>}</Show>
        <Icon name="settings" />
      </button>
      <Show when={isOpen()}>
        <SettingsPanel
          id={panel}
          quality={props.quality}
          isLive={props.isLive}
          preference={props.preference}
          onQuality={props.onQuality}
          onPreference={props.onPreference}
          onShortcuts={showShortcuts}
        />
      </Show>
    </div>
  )
}
