import { type Accessor, createComputed, createEffect, on } from 'solid-js'

const move_ms = 240
/** More than are in sight at once need not be seen moving. */
const moved_max = 60

const placesOf = (list: HTMLElement): Map<Element, DOMRect> => {
  const inSight = [...list.children].map((item) => [item, item.getBoundingClientRect()] as const).filter(([, { bottom, top }]) => bottom > 0 && top < innerHeight)
  return new Map(inSight.slice(0, moved_max))
}

const isCalm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

/**
 * Lets the items of a list glide to their new places when `order` changes, and new ones fade in, so that nothing jumps.
 * Must be created before the list's items are, for it looks at where they were.
 */
export const createMoves = (list: Accessor<HTMLElement | undefined>, order: Accessor<ReadonlyArray<string>>): void => {
  let before: Map<Element, DOMRect> | undefined
  createComputed(
    on(
      order,
      () => {
        const element = list()
        before = element === undefined || isCalm() ? undefined : placesOf(element)
      },
      { defer: true },
    ),
  )
  createEffect(
    on(
      order,
      () => {
        const element = list()
        if (element === undefined || before === undefined) return
        for (const [item, { left, top }] of placesOf(element)) {
          const from = before.get(item)
          const frames = from === undefined ? { opacity: [0, 1], scale: [0.97, 1] } : { translate: [`${from.left - left}px ${from.top - top}px`, '0 0'] }
          if (from === undefined || from.left !== left || from.top !== top) item.animate(frames, { duration: move_ms, easing: 'cubic-bezier(0.2, 0, 0, 1)' })
        }
        before = undefined
      },
      { defer: true },
    ),
  )
}
