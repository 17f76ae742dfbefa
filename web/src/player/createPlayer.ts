import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js'
import { createStored } from './createStored.ts'
import { createStill, type Still } from './createStill.ts'
import type { Engine, EngineEvent } from './engine.ts'
import { ablePaths, engineOf } from './openEngine.ts'
import { betterPath, choosePath, freshPaths, isFailing, type Path, pathFailed, pathPlayedWell, type Preference, type Wish } from './paths.ts'
import { playSomehow } from './playSomehow.ts'
import { probePush } from './push/probePush.ts'
import { automatic } from './quality.ts'
import { decide, opened, type Phase, type Session, type SessionAction, type SessionEvent } from './session.ts'
import type { Source } from './watchState.ts'

/** A playback in a video element that follows its source. */
export interface Player {
  readonly phase: Accessor<Phase>
  /** The browser allows playing only without sound until somebody touches the page. */
  readonly silenced: Accessor<boolean>
  readonly unsilence: () => void
  /** The browser does not even play without sound until somebody asks for it. */
  readonly isRefused: Accessor<boolean>
  readonly engine: Accessor<Engine | undefined>
  /** The way it plays now. */
  readonly path: Accessor<Path | undefined>
  /** This browser has no way to play. */
  readonly unsupported: Accessor<boolean>
  /** Where somebody has gone back to in a live stream, or let it stand still; ms since 1970. */
  readonly startAt_ms: Accessor<number | undefined>
  readonly still: Still
  readonly preference: Accessor<Preference>
  readonly prefer: (preference: Preference) => void
  readonly chooseQuality: (name: string) => void
  readonly toLiveEdge: () => void
  /** Plays a live stream from a wall-clock time on. */
  readonly seekTo: (at_ms: number) => void
}

/** Where a live picture that stood still goes on where it was, rather than catching up. */
const behind_s = 2
const review_ms = 5_000
const playedWell_ms = 10_000

/** Plays whatever `source` says on the best way there is, comes back after failures by itself, ends with its owner. */
export const createPlayer = (video: HTMLVideoElement, source: Accessor<Source | undefined>): Player => {
  const [session, setSession] = createSignal<Session>(opened)
  const [silenced, setSilenced] = createSignal(false)
  const [isRefused, setRefused] = createSignal(false)
  const [engine, setEngine] = createSignal<Engine>()
  const [path, setPath] = createSignal<Path>()
  const [unsupported, setUnsupported] = createSignal(false)
  const [startAt_ms, setStartAt] = createSignal<number>()
  const [preference, storePreference] = createStored<Preference>('millrace.preference', ['lowestDelay', 'smoothest'])
  const still = createStill(video)
  const able = ablePaths(video)
  let paths = freshPaths
  let quality = automatic
  let timer: ReturnType<typeof setTimeout> | undefined
  let generation = 0

  const wish = (): Wish => ({ isLive: source()?.live ?? false, isBehind: startAt_ms() !== undefined, preference: preference(), able })
  const bestPath = (): Path | undefined => choosePath(paths, wish(), performance.now())

  const close = (): void => {
    clearTimeout(timer)
    generation++
    engine()?.close()
    setEngine(undefined)
  }
  const open = async (from: Source, mayPlay: boolean): Promise<void> => {
    still.take()
    close()
    const mine = generation
    const next = bestPath()
    setPath(next)
    if (next === undefined) return void setUnsupported(true)
    const openEngine = await engineOf(next).catch((error: unknown) => void console.warn(error))
    if (mine !== generation) return
    if (openEngine === undefined) return hear('networkFailed')
    setEngine(openEngine(video, from, (event) => mine === generation && hear(event), { quality, startAt_ms: startAt_ms(), prefersSmooth: preference() === 'smoothest' }))
    if (mayPlay) await play()
  }
  const play = async (): Promise<void> => {
    const outcome = await playSomehow(video)
    if (outcome !== 'started') setSilenced(true)
    setRefused(outcome === 'refused')
  }
  const reopen = (): void => {
    const from = source()
    if (from !== undefined) void open(from, engine() === undefined || !video.paused)
  }
  const perform = (action: SessionAction): void => {
    if (action.kind === 'recoverMedia') engine()?.recoverMedia()
    else if (action.kind === 'open') reopen()
    else {
      clearTimeout(timer)
      timer = setTimeout(() => tell('retry'), action.after_ms)
    }
  }
  const tell = (event: SessionEvent): void => {
    const decision = decide(session(), event, performance.now())
    setSession(decision.session)
    decision.actions.forEach(perform)
  }
  /** Takes another way at once where one works; where none does, the session comes back later. */
  const hear = (event: EngineEvent): void => {
    const [current, now_ms] = [path(), performance.now()]
    const isFailure = event === 'networkFailed' || event === 'stallsOften' || (event === 'mediaFailed' && session().attempts > 0)
    if (isFailure && current !== undefined) paths = pathFailed(paths, current, now_ms)
    const next = bestPath()
    if (isFailure && next !== undefined && next !== current && !isFailing(paths, next, now_ms)) return tell('pathLeft')
    if (event !== 'stallsOften') tell(event)
  }
  const review = async (): Promise<void> => {
    const [current, from, since_ms] = [path(), source(), session().playingSince_ms]
    if (current === undefined || from === undefined || session().phase !== 'playing' || since_ms === undefined) return
    if (performance.now() - since_ms < playedWell_ms) return
    paths = pathPlayedWell(paths, current)
    const better = betterPath(paths, wish(), current, performance.now())
    if (better === undefined || video.paused || document.hidden) return
    const mine = generation
    const works = better !== 'push' || (await probePush(from.id))
    if (mine !== generation) return
    if (works) reopen()
    else paths = pathFailed(paths, better, performance.now())
  }
  const reviewing = setInterval(() => void review(), review_ms)
  const listen = (name: string, listener: () => void): void => {
    video.addEventListener(name, listener)
    onCleanup(() => video.removeEventListener(name, listener))
  }
  for (const name of ['playing', 'waiting', 'ended'] as const) listen(name, () => tell(name))

  const seekTo = (at_ms: number): void => {
    setStartAt(at_ms)
    if (bestPath() === undefined) return void setStartAt(undefined)
    if (bestPath() === path()) engine()?.seekTo(at_ms)
    else reopen()
  }
  const toLiveEdge = (): void => {
    setStartAt(undefined)
    const from = source()
    if (bestPath() !== path()) return void (from && open(from, true))
    engine()?.toLiveEdge()
    void play()
  }
  const stands = (): void => void (source()?.live && engine()?.follow(false))
  const goesOn = (): void => {
    if (!source()?.live || startAt_ms() !== undefined) return
    const { latency_s = 0, target_s = 0, shownAt_ms } = engine()?.figures() ?? {}
    if (latency_s - target_s > behind_s && shownAt_ms !== undefined) seekTo(shownAt_ms)
    else engine()?.follow(true)
  }
  listen('pause', stands)
  listen('play', goesOn)
  listen('playing', () => setRefused(false))

  createEffect(
    on(source, (from) => {
      close()
      still.drop()
      setStartAt(undefined)
      setSession(opened)
      if (from !== undefined) void open(from, true)
    }),
  )
  onCleanup(() => {
    clearInterval(reviewing)
    close()
  })
  return {
    phase: () => session().phase,
    silenced,
    unsilence: () => {
      video.muted = false
      setSilenced(false)
    },
    isRefused,
    engine,
    path,
    unsupported,
    startAt_ms,
    still,
    preference,
    prefer: (wanted) => {
      if (wanted === preference()) return
      storePreference(wanted)
      reopen()
    },
    chooseQuality: (name) => {
      quality = name
      engine()?.chooseQuality(name)
    },
    toLiveEdge,
    seekTo,
  }
}
