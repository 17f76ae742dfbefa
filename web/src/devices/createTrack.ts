import { type Accessor, batch, createSignal, onCleanup } from 'solid-js'
import type { Opened } from './opening.ts'
import { goneProblem, type Problem, type Wanted } from './problems.ts'

/** A track of a device that this page holds, and what is wrong with it. */
export interface OwnTrack {
  /** It stays when its device goes away, since whatever records it does. */
  readonly track: Accessor<MediaStreamTrack | undefined>
  readonly problem: Accessor<Problem | undefined>
  /** The device that it comes from. */
  readonly id: Accessor<string | undefined>
  /** Holds what was opened in the place of what was held before; where nothing was opened, only says why. */
  readonly take: (opened: Opened<MediaStreamTrack>) => boolean
  /** Opens another; where a device cannot be opened beside the one in use, in its place. */
  readonly replace: (open: () => Promise<Opened<MediaStreamTrack>>) => Promise<boolean>
  readonly close: () => void
}

/** Holds at most one track, and lets it go with its owner. */
export const createTrack = (wanted: Wanted): OwnTrack => {
  const [track, setTrack] = createSignal<MediaStreamTrack>()
  const [problem, setProblem] = createSignal<Problem>()
  const [id, setId] = createSignal<string>()
  let isOwned = true
  const take: OwnTrack['take'] = (opened) => {
    if ('problem' in opened) {
      setProblem(opened.problem)
      return false
    }
    const { got } = opened
    // The page was left while the browser asked.
    if (!isOwned) {
      got.stop()
      return false
    }
    const old = track()
    got.addEventListener('ended', () => track() === got && setProblem(goneProblem(wanted)))
    batch(() => {
      setTrack(got)
      setId(got.getSettings().deviceId)
      setProblem(undefined)
    })
    if (old !== got) old?.stop()
    return true
  }
  const close = (): void =>
    batch(() => {
      track()?.stop()
      setTrack(undefined)
      setProblem(undefined)
    })
  onCleanup(() => {
    isOwned = false
    track()?.stop()
  })
  return {
    track,
    problem,
    id,
    take,
    close,
    replace: async (open) => {
      const opened = await open()
      const old = track()
      const isInTheWay = 'problem' in opened && opened.problem.kind === 'inUse' && old?.readyState === 'live'
      if (!isInTheWay) return take(opened)
      old.stop()
      return take(await open())
    },
  }
}
