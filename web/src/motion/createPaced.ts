import { type Accessor, createEffect, createSignal, onCleanup, untrack } from 'solid-js'

/** Follows a value: its first change after a calm time at once, those that come thick and fast every `every_ms`, the last always. */
export const createPaced = <T>(value: Accessor<T>, every_ms: number): Accessor<T> => {
  const [paced, setPaced] = createSignal(untrack(value), { equals: false })
  let timer: ReturnType<typeof setTimeout> | undefined
  let isBehind = false
  const take = (): void => {
    isBehind = false
    setPaced(() => untrack(value))
    timer = setTimeout(() => {
      timer = undefined
      if (isBehind) take()
    }, every_ms)
  }
  createEffect(() => {
    value()
    if (timer === undefined) untrack(take)
    else isBehind = true
  })
  onCleanup(() => clearTimeout(timer))
  return paced
}
