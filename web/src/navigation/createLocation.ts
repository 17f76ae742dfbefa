import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'

const opensHere = (event: MouseEvent): boolean =>
  event.button === 0 && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

/** The path of the address. Links within the site change it without loading the page again, and move the focus to the new one. */
export const createLocation = (): Accessor<string> => {
  const [path, setPath] = createSignal(location.pathname)
  const follow = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || !opensHere(event) || link.target !== '' || link.hasAttribute('download')) return
    if (link.origin !== location.origin || link.hash !== '' || link.pathname.includes('.')) return
    event.preventDefault()
    if (link.pathname === location.pathname) return
    history.pushState(null, '', link.href)
    setPath(link.pathname)
    scrollTo(0, 0)
    document.getElementById('main')?.focus({ preventScroll: true })
  }
  const returned = (): void => void setPath(location.pathname)
  onMount(() => {
    document.addEventListener('click', follow)
    addEventListener('popstate', returned)
  })
  onCleanup(() => {
    document.removeEventListener('click', follow)
    removeEventListener('popstate', returned)
  })
  return path
}
