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
  /** `take` for what the browser is being asked for: where the track is closed, or the page left, before that comes, it is let go. */
  readonly later: () => OwnTrack['take']
  /** Opens another; where a device cannot be opened beside the one in use, in its place. */
  readonly replace: (open: () => Promise<Opened<MediaStreamTrack>>) => Promise<boolean>
  readonly close: () => void
}

/** Holds at most one track, and lets it go with its owner. */
export const createTrack = (wanted: Wanted): OwnTrack => {
  const [track, setTrack] = createSignal<MediaStreamTrack>()
  const [problem, setProblem] = createSignal<Problem>()
  const [id, setId] = createSignal<string>()
  let closings = 0
  const take: OwnTrack['take'] = (opened) => {
    if ('problem' in opened) {
      setProblem(opened.problem)
      return false
    }
    const { got } = opened
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
  const later: OwnTrack['later'] = () => {
    const before = closings
    return (opened) => {
      if (closings === before) return take(opened)
      if ('got' in opened) opened.got.stop()
      return false
    }
  }
  const close = (): void => {
    closings += 1
    batch(() => {
      track()?.stop()
      setTrack(undefined)
      setProblem(undefined)
    })
  }
  onCleanup(() => {
    closings += 1
    track()?.stop()
  })
  return {
    track,
    problem,
    id,
    take,
    later,
    close,
    replace: async (open) => {
      const takeLater = later()
      const opened = await open()
      const old = track()
      const isInTheWay = 'problem' in opened && opened.problem.kind === 'inUse' && old?.readyState === 'live'
      if (!isInTheWay) return takeLater(opened)
      old.stop()
      return takeLater(await open())
    },
  }
}
