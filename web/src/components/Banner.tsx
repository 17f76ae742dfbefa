import { type JSX, Show } from 'solid-js'
import { Icon, type IconName } from './Icon.tsx'

/** How good or bad the news is. */
export type BannerTone = 'calm' | 'good' | 'warn' | 'bad'

const icons: Readonly<Record<BannerTone, IconName>> = { calm: 'info', good: 'check', warn: 'warning', bad: 'warning' }

/** News about the whole page, with what can be done about it as children. Bad news is read aloud at once. */
export const Banner = (props: { readonly tone: BannerTone; readonly title: string; readonly detail?: string | undefined; readonly children?: JSX.Element }) => (
  <div class={`banner ${props.tone}`} role={props.tone === 'bad' ? 'alert' : 'status'}>
    <Icon name={icons[props.tone]} />
    <span class="bannerWords">
      <strong>{props.title}</strong>
      <Show when={props.detail}>{(detail) => <span dir="auto">{detail()}</span>}</Show>
    </span>
    {props.children}
  </div>
)
