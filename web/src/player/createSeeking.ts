import { type Accessor, createMemo } from 'solid-js'
import type { Player } from './createPlayer.ts'
import type { Figures, LiveWindow } from './engine.ts'
import { goTo, windowOf } from './liveEdge.ts'
import type { Source } from './watchState.ts'

/** Going back and on, in a recording and in a live stream. */
export interface Seeking {
  /** What can be gone back to in a live stream. */
  readonly reach: Accessor<LiveWindow | undefined>
  /** Plays a live stream from a wall-clock time on, or from the live edge where that is near. */
  readonly seekTo: (at_ms: number) => void
  /** Goes on or back by so many seconds. */
  readonly seekBy: (seconds: number) => void
  /** Does nothing in a recording. */
  readonly toLive: () => void
}

interface Playing {
  readonly video: HTMLVideoElement
  readonly source: Accessor<Source | undefined>
  readonly player: Player
  readonly figures: Accessor<Figures | undefined>
  /** What the playlist says can be gone back to. */
  readonly listed: Accessor<LiveWindow | undefined>
}

/** Seeks in what plays; the reach stays as it was while an engine is replaced. */
export const createSeeking = ({ video, source, player, figures, listed }: Playing): Seeking => {
  const reach = createMemo((before: LiveWindow | undefined) => {
    if (source()?.live !== true) return undefined
    const now = figures()
    return (now && windowOf(now, listed())) ?? before
  })
  const seekTo = (at_ms: number): void => {
    const reachable = reach()
    const place = reachable === undefined ? at_ms : goTo(at_ms, reachable)
    if (place === 'live') player.toLiveEdge()
    else player.seekTo(place)
  }
  const seekBy = (seconds: number): void => {
    if (source()?.live !== true) return void (video.currentTime = Math.max(0, video.currentTime + seconds))
    const shownAt_ms = player.engine()?.figures().shownAt_ms ?? player.startAt_ms()
    if (shownAt_ms !== undefined) seekTo(shownAt_ms + seconds * 1000)
  }
  const toLive = (): void => void (source()?.live && player.toLiveEdge())
  return { reach, seekTo, seekBy, toLive }
}
