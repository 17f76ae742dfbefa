import { type Accessor, createEffect, on, onCleanup } from 'solid-js'
import { createStill, type Still } from './createStill.ts'
import { createStored } from './createStored.ts'
import type { Engine } from './engine.ts'
import type { Path, Preference } from './paths.ts'
import type { Phase } from './session.ts'
import { SourcePlayback } from './SourcePlayback.ts'
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

const review_ms = 5_000

/** Tells a playback what happens to its video element. */
const listenTo = (video: HTMLVideoElement, playback: SourcePlayback): void => {
  const listen = (name: string, listener: () => void): void => {
    video.addEventListener(name, listener)
    onCleanup(() => video.removeEventListener(name, listener))
  }
  for (const name of ['playing', 'waiting', 'ended'] as const) listen(name, () => playback.tell(name))
  listen('playing', () => playback.state.setRefused(false))
  listen('pause', () => playback.stands())
  listen('play', () => playback.goesOn())
}

/** Plays whatever `source` says on the best way there is, comes back after failures by itself, ends with its owner. */
export const createPlayer = (video: HTMLVideoElement, source: Accessor<Source | undefined>): Player => {
  const [preference, storePreference] = createStored<Preference>('millrace.preference', ['lowestDelay', 'smoothest'])
  const still = createStill(video)
  const playback = new SourcePlayback(video, source, preference, still)
  const { session, silenced, isRefused, engine, path, unsupported, startAt_ms } = playback.state
  const reviewing = setInterval(() => void playback.review(), review_ms)
  listenTo(video, playback)
  createEffect(on(source, (from) => playback.begin(from)))
  onCleanup(() => {
    clearInterval(reviewing)
    playback.close()
  })
  return {
    phase: () => session().phase,
    silenced,
    unsilence: () => playback.unsilence(),
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
      playback.reopen()
    },
    chooseQuality: (name) => playback.chooseQuality(name),
    toLiveEdge: () => playback.toLiveEdge(),
    seekTo: (at_ms) => playback.seekTo(at_ms),
  }
}
