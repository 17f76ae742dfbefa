import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** The wall clock, ms since 1970, looked at again every `every_ms`. */
export const createNow = (every_ms: number): Accessor<number> => {
  const [now_ms, setNow] = createSignal(Date.now())
  const timer = setInterval(() => setNow(Date.now()), every_ms)
  onCleanup(() => clearInterval(timer))
  return now_ms
}
