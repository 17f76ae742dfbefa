import { type Accessor, createSignal, onCleanup } from 'solid-js'

const thanks_ms = 2_000

/** Pages that did not come by https have no clipboard of their own; there the browser copies what is selected. */
const copySelected = (text: string): void => {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  document.body.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  if (before instanceof HTMLElement) before.focus()
  if (!isCopied) throw new Error('The browser does not let this page copy.')
}

/** Copies texts to the clipboard, and says so for a moment. `copy` rejects where the browser does not allow it. */
export const createCopied = (): readonly [Accessor<boolean>, (text: string) => Promise<void>] => {
  const [isCopied, setCopied] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  onCleanup(() => clearTimeout(timer))
  const copy = async (text: string): Promise<void> => {
    if ('clipboard' in navigator) await navigator.clipboard.writeText(text)
    else copySelected(text)
    setCopied(true)
    clearTimeout(timer)
    timer = setTimeout(() => setCopied(false), thanks_ms)
  }
  return [isCopied, copy]
}
