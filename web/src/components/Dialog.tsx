import { createEffect, createUniqueId, type JSX, onCleanup } from 'solid-js'
import { Icon } from './Icon.tsx'

/**
 * A dialog over the page: the browser keeps the focus in it and gives it back afterwards. Escape, the button and a press
 * beside it ask to close; it is `open` that closes it.
 */
export const Dialog = (props: { readonly title: string; readonly open: boolean; readonly onClose: () => void; readonly children: JSX.Element }) => {
  const heading = createUniqueId()
  const closesBeside = (event: MouseEvent): void => void (event.target === event.currentTarget && props.onClose())
  const asked = (event: Event): void => {
    event.preventDefault()
    props.onClose()
  }
  const follow = (dialog: HTMLDialogElement): void => {
    createEffect(() => {
      if (!props.open) return
      dialog.showModal()
      onCleanup(() => dialog.close())
    })
  }
  return (
    <dialog class="dialog" ref={follow} aria-labelledby={heading} onClick={closesBeside} onCancel={asked}>
      <div class="dialogHead">
        <h2 id={heading}>{props.title}</h2>
        <button class="button plainly iconOnly" type="button" aria-label="Close" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </div>
      <div class="dialogBody">{props.children}</div>
    </dialog>
  )
}
