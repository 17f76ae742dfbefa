import { createEffect, onCleanup } from 'solid-js'

/** Keeps the screen on while `isNeeded`: a phone that goes to sleep films nothing. */
export const createWakeLock = (isNeeded: () => boolean): void => {
  createEffect(() => {
    if (!isNeeded() || !('wakeLock' in navigator)) return
    let lock: WakeLockSentinel | undefined
    let isOver = false
    const acquire = async (): Promise<void> => {
      if (document.hidden || isOver) return
      const acquired = await navigator.wakeLock.request('screen')
      if (isOver) return acquired.release()
      lock = acquired
    }
    // The browser lets it go with each change to another tab.
    const again = (): void => void acquire().catch(console.warn)
    document.addEventListener('visibilitychange', again)
    again()
    onCleanup(() => {
      isOver = true
      document.removeEventListener('visibilitychange', again)
      void lock?.release().catch(console.warn)
    })
  })
}
