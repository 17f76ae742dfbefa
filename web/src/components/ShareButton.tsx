import { createCopied } from './createCopied.ts'
import { Icon } from './Icon.tsx'

/** Hands the page's address on: by the system's own sheet where there is one, else to the clipboard. */
export const ShareButton = (props: { readonly title: string }) => {
  const [copied, copy] = createCopied()
  const share = (): Promise<void> => {
    const usesSheet = 'share' in navigator && matchMedia('(pointer: coarse)').matches
    return usesSheet ? navigator.share({ title: props.title, url: location.href }) : copy(location.href)
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
