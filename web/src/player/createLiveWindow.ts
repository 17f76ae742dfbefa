import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js'
import type { LiveWindow } from './engine.ts'
import { firstPlaylist, windowIn } from './livePlaylist.ts'
import type { Source } from './watchState.ts'

const lookAgain_ms = 10_000

const get = async (url: string): Promise<string> => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(8_000) })
  if (!answer.ok) throw new Error(`The playlist answers ${answer.status}.`)
  return answer.text()
}

const fetchWindow = async (url: string): Promise<LiveWindow | undefined> => {
  // Whoever looks here is counted by the way it plays.
  const address = `${url}?viewer=none`
  const first = firstPlaylist(await get(address))
  return first === undefined ? undefined : windowIn(await get(new URL(first, new URL(address, location.href)).href))
}

/** How far a live stream can be gone back in, for ways of playing that do not tell; asked while `isWanted`, now and then. */
export const createLiveWindow = (source: Accessor<Source | undefined>, isWanted: () => boolean): Accessor<LiveWindow | undefined> => {
  const [found, setFound] = createSignal<LiveWindow>()
  const url = createMemo(() => (source()?.live && isWanted() ? source()?.url : undefined))
  let asked_ms = Number.NEGATIVE_INFINITY
  const ask = async (address: string): Promise<void> => {
    if (performance.now() - asked_ms < lookAgain_ms) return
    asked_ms = performance.now()
    setFound(await fetchWindow(address).catch((error: unknown) => void console.warn(error)))
  }
  createEffect(
    on(url, (address) => {
      if (address === undefined) return
      void ask(address)
      const timer = setInterval(() => void ask(address), lookAgain_ms)
      onCleanup(() => clearInterval(timer))
    }),
  )
  return found
}
