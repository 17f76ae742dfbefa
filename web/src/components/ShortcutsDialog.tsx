import { createEffect, For } from 'solid-js'
import { Icon } from './Icon.tsx'
import './shortcutsDialog.css'

const shortcuts: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
  [['k', 'Space'], 'Play or pause'],
  [['c'], 'Go to live'],
  [['←', '→'], '5 seconds back or on'],
  [['j', 'l'], '10 seconds back or on'],
  [['↑', '↓'], 'Louder or softer'],
  [['m'], 'Sound on or off'],
  [['f'], 'Full screen'],
  [['p'], 'Picture in picture'],
  [['?'], 'This list'],
]

/** The list of keys, over the page. */
export const ShortcutsDialog = (props: { readonly isOpen: boolean; readonly onClose: () => void }) => {
  let dialog: HTMLDialogElement | undefined
  createEffect(() => {
    if (props.isOpen) dialog?.showModal()
    else dialog?.close()
  })
  return (
    <dialog class="shortcuts" aria-labelledby="shortcuts" ref={dialog} onClose={() => props.onClose()} onClick={({ target, currentTarget }) => target === currentTarget && props.onClose()}>
      <div class="shortcutsHead">
        <h2 id="shortcuts">Keyboard shortcuts</h2>
        <button class="shortcutsClose" type="button" aria-label="Close" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        <For each={shortcuts}>
          {([keys, does]) => (
            <div>
              <dt>{does}</dt>
              <dd>
                <For each={keys}>{(key) => <kbd>{key}</kbd>}</For>
              </dd>
            </div>
          )}
        </For>
      </dl>
    </dialog>
  )
}
