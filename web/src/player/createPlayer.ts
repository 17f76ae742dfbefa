import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js'
import type { Engine, OpenEngine } from './engine.ts'
import { isNativelySupported, openNative } from './nativeEngine.ts'
import { decide, opened, type Phase, type Session, type SessionAction, type SessionEvent } from './session.ts'
import type { Source } from './watchState.ts'

/** A playback in a video element that follows its source. */
export interface Player {
  readonly phase: Accessor<Phase>
  /** The browser allows playing only without sound until somebody touches the page. */
  readonly silenced: Accessor<boolean>
  readonly unsilence: () => void
  readonly engine: Accessor<Engine | undefined>
  /** Neither hls.js nor the browser itself can play here. */
  readonly unsupported: Accessor<boolean>
}

const chooseEngine = async (video: HTMLVideoElement): Promise<OpenEngine | undefined> => {
  const { isSupported, openHls } = await import('./hlsEngine.ts')
  if (isSupported()) return openHls
  return isNativelySupported(video) ? openNative : undefined
}

/** Starts, and where the browser refuses sound, starts silently. Resolves to whether it was silenced. */
const playSomehow = async (video: HTMLVideoElement): Promise<boolean> => {
  try {
    await video.play()
    return false
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || video.muted) return false
    video.muted = true
    await video.play().catch((refused: unknown) => console.warn('The browser does not start the picture by itself.', refused))
    return true
  }
}

/** Plays whatever `source` says, comes back after failures by itself, ends with its owner. */
export const createPlayer = (video: HTMLVideoElement, source: Accessor<Source | undefined>): Player => {
  const [session, setSession] = createSignal<Session>(opened)
  const [silenced, setSilenced] = createSignal(false)
  const [engine, setEngine] = createSignal<Engine>()
  const [unsupported, setUnsupported] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let generation = 0

  const close = (): void => {
    clearTimeout(timer)
    generation++
    engine()?.close()
    setEngine(undefined)
  }
  const open = async (from: Source): Promise<void> => {
    close()
    const mine = generation
    const openEngine = await chooseEngine(video).catch((error: unknown) => {
      console.warn(error)
      return 'unloaded' as const
    })
    if (mine !== generation) return
    if (openEngine === 'unloaded') return tell('networkFailed')
    if (openEngine === undefined) return void setUnsupported(true)
    setEngine(openEngine(video, from, (event) => mine === generation && tell(event)))
    if (await playSomehow(video)) setSilenced(true)
  }
  const perform = (action: SessionAction): void => {
    if (action.kind === 'recoverMedia') engine()?.recoverMedia()
    else if (action.kind === 'open') {
      const from = source()
      if (from !== undefined) void open(from)
    } else {
      clearTimeout(timer)
      timer = setTimeout(() => tell('retry'), action.after_ms)
    }
  }
  const tell = (event: SessionEvent): void => {
    const decision = decide(session(), event, performance.now())
    setSession(decision.session)
    decision.actions.forEach(perform)
  }
  const reports = { playing: 'playing', waiting: 'waiting', ended: 'ended' } as const
  for (const [name, event] of Object.entries(reports)) {
    const report = (): void => tell(event)
    video.addEventListener(name, report)
    onCleanup(() => video.removeEventListener(name, report))
  }
  createEffect(
    on(source, (from) => {
      close()
      setSession(opened)
      if (from !== undefined) void open(from)
    }),
  )
  onCleanup(close)
  return {
    phase: () => session().phase,
    silenced,
    unsilence: () => {
      video.muted = false
      setSilenced(false)
    },
    engine,
    unsupported,
  }
}
