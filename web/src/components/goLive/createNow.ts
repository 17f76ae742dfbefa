import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** The wall clock, ms since 1970, to the second. */
export const createNow = (): Accessor<number> => {
  const [now_ms, setNow] = createSignal(Date.now())
  const timer = setInterval(() => setNow(Date.now()), 1_000)
  onCleanup(() => clearInterval(timer))
  return now_ms
}
