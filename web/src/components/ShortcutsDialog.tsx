import { For } from 'solid-js'
import { Dialog } from './Dialog.tsx'
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
export const ShortcutsDialog = (props: { readonly isOpen: boolean; readonly onClose: () => void }) => (
  <Dialog title="Keyboard shortcuts" open={props.isOpen} onClose={props.onClose}>
    <dl class="shortcuts">
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
  </Dialog>
)
