import { type Accessor, createSignal, type Setter } from 'solid-js'
import type { Engine } from './engine.ts'
import type { Path } from './paths.ts'
import { opened, type Session } from './session.ts'

/** What can be seen of a playback as it changes. */
export interface PlaybackState {
  readonly session: Accessor<Session>
  readonly setSession: Setter<Session>
  readonly silenced: Accessor<boolean>
  readonly setSilenced: Setter<boolean>
  /** The browser starts nothing by itself: somebody has to press. */
  readonly isRefused: Accessor<boolean>
  readonly setRefused: Setter<boolean>
  readonly engine: Accessor<Engine | undefined>
  readonly setEngine: Setter<Engine | undefined>
  readonly path: Accessor<Path | undefined>
  readonly setPath: Setter<Path | undefined>
  readonly unsupported: Accessor<boolean>
  readonly setUnsupported: Setter<boolean>
  /** Where somebody has gone back to; ms since 1970. */
  readonly startAt_ms: Accessor<number | undefined>
  readonly setStartAt: Setter<number | undefined>
}

/** The state of a playback that has not begun. */
export const createPlaybackState = (): PlaybackState => {
  const [session, setSession] = createSignal<Session>(opened)
  const [silenced, setSilenced] = createSignal(false)
  const [isRefused, setRefused] = createSignal(false)
  const [engine, setEngine] = createSignal<Engine>()
  const [path, setPath] = createSignal<Path>()
  const [unsupported, setUnsupported] = createSignal(false)
  const [startAt_ms, setStartAt] = createSignal<number>()
  return { session, setSession, silenced, setSilenced, isRefused, setRefused, engine, setEngine, path, setPath, unsupported, setUnsupported, startAt_ms, setStartAt }
}
