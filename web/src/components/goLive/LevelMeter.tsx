import { createEffect, createSignal, onCleanup } from 'solid-js'
import { createLevel } from '../../devices/createLevel.ts'

const heard = 0.25
const silent_ms = 3_000

/** Shows that a microphone hears something, and says so. */
export const LevelMeter = (props: { readonly track: MediaStreamTrack | undefined; readonly isMuted: boolean }) => {
  const level = createLevel(() => props.track)
  const [isHeard, setHeard] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  createEffect(() => {
    if (level() < heard) return
    setHeard(true)
    clearTimeout(timer)
    timer = setTimeout(() => setHeard(false), silent_ms)
  })
  onCleanup(() => clearTimeout(timer))
  const words = () => {
    if (props.track === undefined) return 'No microphone'
    if (props.isMuted) return 'Muted'
    return isHeard() ? 'You are heard' : 'Say something'
  }
  return (
    <span class="level">
      <span class="levelBar" aria-hidden="true">
        <span class="levelValue" style={{ scale: `${props.isMuted ? 0 : level()} 1` }} />
      </span>
      <span class="levelWords">{words()}</span>
    </span>
  )
}
