import { createSignal, onCleanup } from 'solid-js'
import { Icon } from './Icon.tsx'

const thanks_ms = 2_000

/** Hands the page's address on: by the system's own sheet where there is one, else to the clipboard. */
export const ShareButton = (props: { readonly title: string }) => {
  const [copied, setCopied] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  onCleanup(() => clearTimeout(timer))
  const share = async (): Promise<void> => {
    const usesSheet = 'share' in navigator && matchMedia('(pointer: coarse)').matches
    if (usesSheet) return navigator.share({ title: props.title, url: location.href })
    await navigator.clipboard.writeText(location.href)
    setCopied(true)
    clearTimeout(timer)
    timer = setTimeout(() => setCopied(false), thanks_ms)
  }
  return (
    <button class="button" type="button" onClick={() => void share().catch(console.warn)}>
      <Icon name={copied() ? 'check' : 'link'} />
      <span class="shareWords" aria-live="polite">
        {copied() ? 'Copied' : 'Share'}
      </span>
    </button>
  )
}
