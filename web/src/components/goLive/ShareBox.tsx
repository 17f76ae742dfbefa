import { lazy, Show, Suspense } from 'solid-js'
import { createCopied } from '../createCopied.ts'
import { Icon } from '../Icon.tsx'
import './shareBox.css'

const QrCode = lazy(async () => ({ default: (await import('./QrCode.tsx')).QrCode }))

/** Whether an address leads to this very computer, wherever it is opened. */
const isLoopback = (address: string): boolean => /^(localhost|127\.|\[::1\])/.test(new URL(address).hostname)

/** The address of a stream's page, to be handed on: as a link to copy and as a QR code. */
export const ShareBox = (props: { readonly url: string }) => {
  const [copied, copy] = createCopied()
  return (
    <section class="share" aria-labelledby="share">
      <Show when={!isLoopback(props.url)}>
        <div class="shareQr">
          <Suspense>
            <QrCode text={props.url} label="QR code of the link" />
          </Suspense>
        </div>
      </Show>
      <div class="shareText">
        <h2 id="share">Invite viewers</h2>
        <p>{isLoopback(props.url) ? 'This address works only on this computer.' : 'Send the link, or let a phone scan the code.'}</p>
        <Show when={'share' in navigator && matchMedia('(pointer: coarse)').matches}>
          <button class="button" type="button" onClick={() => void navigator.share({ url: props.url }).catch(console.warn)}>
            Share…
          </button>
        </Show>
      </div>
      <div class="shareLink">
        <input class="field" type="text" readonly aria-label="Link to the stream" value={props.url} onFocus={(event) => event.currentTarget.select()} />
        <button class="button" type="button" onClick={() => void copy(props.url).catch(console.warn)}>
          <Icon name={copied() ? 'check' : 'link'} />
          <span class="shareState" aria-live="polite">
            {copied() ? 'Copied' : 'Copy'}
          </span>
        </button>
      </div>
    </section>
  )
}
