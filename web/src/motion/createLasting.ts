import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js'

/** Whether something has been so for `for_ms` without a break. */
export const createLasting = (isSo: Accessor<boolean>, for_ms: number): Accessor<boolean> => {
  const [lasts, setLasts] = createSignal(false)
  createEffect(() => {
    if (!isSo()) return
    const timer = setTimeout(() => setLasts(true), for_ms)
    onCleanup(() => {
      clearTimeout(timer)
      setLasts(false)
    })
  })
  return lasts
}
