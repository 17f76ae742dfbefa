import { Show } from 'solid-js'
import mark from '../mark.svg'
import { livePath } from '../navigation/route.ts'
import { Icon } from './Icon.tsx'
import './header.css'

/** The bar on top of each page: the way home, and the way to go live where one is not there already. */
export const Header = (props: { readonly offersGoLive: boolean }) => (
  <header class="header">
    <a class="brand" href="/">
      <img src={mark} width="30" height="30" alt="" />
      Millrace
    </a>
    <Show when={props.offersGoLive}>
      <a class="button primary" href={livePath}>
        <Icon name="broadcast" /> Go live
      </a>
    </Show>
  </header>
)
