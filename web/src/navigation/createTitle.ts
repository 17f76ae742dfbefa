import { createEffect, onCleanup } from 'solid-js'

/** Names the browser's tab while the component lives. */
export const createTitle = (title: () => string | undefined): void => {
  createEffect(() => {
    const text = title()
    document.title = text === undefined ? 'Millrace' : `${text} · Millrace`
  })
  onCleanup(() => {
    document.title = 'Millrace'
  })
}
