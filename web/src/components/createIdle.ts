import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js'

const idleAfter_ms = 2_500

/** Whether nobody has touched the stage for a while and the controls may go; never while `mayHide` says no. */
export const createIdle = (stage: Accessor<HTMLElement | undefined>, mayHide: () => boolean): Accessor<boolean> => {
  const [idle, setIdle] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const wake = (): void => {
    clearTimeout(timer)
    setIdle(false)
    timer = setTimeout(() => setIdle(true), idleAfter_ms)
  }
  const leave = (event: PointerEvent): void => void (event.pointerType === 'mouse' && setIdle(true))
  createEffect(() => {
    const element = stage()
    if (element === undefined) return
    const waking = ['pointermove', 'pointerdown', 'focusin', 'keydown'] as const
    for (const name of waking) element.addEventListener(name, wake)
    element.addEventListener('pointerleave', leave)
    onCleanup(() => {
      for (const name of waking) element.removeEventListener(name, wake)
      element.removeEventListener('pointerleave', leave)
    })
  })
  wake()
  onCleanup(() => clearTimeout(timer))
  return () => idle() && mayHide()
}
