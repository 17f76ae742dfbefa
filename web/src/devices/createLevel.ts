import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js'
import { fall, levelOf } from './level.ts'

const look_ms = 50

/** How loud a track is, 0 to 1, while the component lives. */
export const createLevel = (track: Accessor<MediaStreamTrack | undefined>): Accessor<number> => {
  const [level, setLevel] = createSignal(0)
  createEffect(() => {
    const heard = track()
    setLevel(0)
    if (heard === undefined || !('AudioContext' in globalThis)) return
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 1_024
    context.createMediaStreamSource(new MediaStream([heard])).connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    const timer = setInterval(() => {
      // A context that began before anybody touched the page waits for that.
      if (context.state === 'suspended') void context.resume().catch(console.warn)
      analyser.getFloatTimeDomainData(samples)
      setLevel((shown) => fall(shown, levelOf(samples)))
    }, look_ms)
    onCleanup(() => {
      clearInterval(timer)
      void context.close().catch(console.warn)
    })
  })
  return level
}
