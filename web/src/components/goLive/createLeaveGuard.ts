import { createEffect, onCleanup } from 'solid-js'

/** While `isNeeded`: the browser asks before the tab closes, and links of this page open beside it. */
export const createLeaveGuard = (isNeeded: () => boolean): void => {
  createEffect(() => {
    if (!isNeeded()) return
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault()
    const openBeside = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a') : null
      if (link === null || link.target !== '' || link.hash !== '' || link.hasAttribute('download')) return
      event.preventDefault()
      window.open(link.href, '_blank', 'noopener')
    }
    addEventListener('beforeunload', ask)
    document.addEventListener('click', openBeside, { capture: true })
    onCleanup(() => {
      removeEventListener('beforeunload', ask)
      document.removeEventListener('click', openBeside, { capture: true })
    })
  })
}
