import mark from '../mark.svg'
import './header.css'

/** The bar on top of each page. */
export const Header = () => (
  <header class="header">
    <a class="brand" href="/">
      <img src={mark} width="28" height="28" alt="" />
      Millrace
    </a>
  </header>
)
