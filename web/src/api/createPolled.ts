import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** What is known of something that is asked for again and again. */
export interface Polled<T> {
  /** The newest answer; it stays while later requests fail. */
  readonly answer: { readonly value: T } | undefined
  /** Whether the newest request failed. */
  readonly unreachable: boolean
}

const longest_ms = 15_000

/**
 * Asks at once and then every `every_ms`, less often while requests fail, not at all while the page is hidden;
 * stops with its owner.
 */
export const createPolled = <T>(ask: () => Promise<T>, every_ms: number): Accessor<Polled<T>> => {
  const [polled, setPolled] = createSignal<Polled<T>>({ answer: undefined, unreachable: false })
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let over = false

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
    if (!over && !document.hidden) timer = setTimeout(askOnce, Math.min(longest_ms, every_ms * 2 ** Math.min(failures, 4)))
  }
  const shown = (): void => {
    clearTimeout(timer)
    if (!document.hidden) void askOnce()
  }
  document.addEventListener('visibilitychange', shown)
  onCleanup(() => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', shown)
  })
  void askOnce()
  return polled
}
