import { type Accessor, createEffect, createSignal, onCleanup, untrack } from 'solid-js'

/** What is known of something that is asked for again and again. */
export interface Polled<T> {
  /** The newest answer; it stays while later requests fail. */
  readonly answer: { readonly value: T } | undefined
  /** Whether the newest request failed. */
  readonly unreachable: boolean
}

const longest_ms = 15_000

/**
 * Asks at once and then every `every_ms`, less often while requests fail, not at all while the page is hidden or
 * `isWanted` says no; stops with its owner.
 */
export const createPolled = <T>(ask: () => Promise<T>, every_ms: number, isWanted: () => boolean = () => true): Accessor<Polled<T>> => {
  const [polled, setPolled] = createSignal<Polled<T>>({ answer: undefined, unreachable: false })
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let over = false

  const mayAsk = (): boolean => !over && !document.hidden && untrack(isWanted)
  const askOnce = async (): Promise<void> => {
    try {
      const value = await ask()
      failures = 0
      if (!over) setPolled({ answer: { value }, unreachable: false })
    } catch (error) {
      failures++
      console.warn(error)
      if (!over) setPolled(({ answer }) => ({ answer, unreachable: true }))
    }
    clearTimeout(timer)
    if (mayAsk()) timer = setTimeout(askOnce, Math.min(longest_ms, every_ms * 2 ** Math.min(failures, 4)))
  }
  const shown = (): void => {
    clearTimeout(timer)
    if (mayAsk()) void askOnce()
  }
  document.addEventListener('visibilitychange', shown)
  onCleanup(() => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', shown)
  })
  createEffect(() => (isWanted() ? untrack(shown) : clearTimeout(timer)))
  return polled
}
