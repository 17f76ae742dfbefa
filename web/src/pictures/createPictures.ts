import { type Accessor, createEffect, on, onCleanup } from 'solid-js'
import { fetchPicture } from './fetchPicture.ts'
import { TAKE_MS_MAX } from './limits.ts'
import type { PictureSource } from './newestPicture.ts'
import { canPaint, paintPicture } from './paintPicture.ts'
import { failed, forget, nextDue, type Plan, renew, show, taken } from './plan.ts'

/** Paints live streams into canvases. */
export interface Pictures {
  /** Keeps a canvas painted for as long as its component lives; `painted` is called after each picture. */
  readonly keepPainted: (canvas: HTMLCanvasElement, source: Accessor<PictureSource | undefined>, painted: () => void) => void
}

interface Wanted {
  readonly source: Accessor<PictureSource | undefined>
  readonly painted: () => void
}

const takePicture = async (canvas: Element, source: PictureSource | undefined, signal: AbortSignal): Promise<void> => {
  if (!(canvas instanceof HTMLCanvasElement) || source === undefined || !canPaint(source.mimeType)) throw new Error('There is nothing to take a picture of now.')
  const bytes = await fetchPicture(source.playlist, signal)
  if (bytes === undefined) throw new Error('There is no picture yet.')
  await paintPicture(canvas, source.mimeType, bytes, signal)
}

/** Takes pictures of what is in sight, one at a time, the oldest first; none while the page is hidden. Ends with its owner. */
export const createPictures = (): Pictures => {
  const wanted = new Map<Element, Wanted>()
  const over = new AbortController()
  let plan: Plan<Element> = new Map()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isTaking = false

  const take = async (canvas: Element): Promise<void> => {
    const subject = wanted.get(canvas)
    try {
      await takePicture(canvas, subject?.source(), AbortSignal.any([over.signal, AbortSignal.timeout(TAKE_MS_MAX)]))
      subject?.painted()
      plan = taken(plan, canvas, performance.now())
    } catch (error) {
      console.debug(error)
      plan = failed(plan, canvas, performance.now())
    }
  }
  const goOn = (): void => {
    clearTimeout(timer)
    const next = nextDue(plan)
    if (isTaking || next === undefined || document.hidden || over.signal.aborted) return
    const wait_ms = next.dueAt_ms - performance.now()
    if (wait_ms > 0) {
      timer = setTimeout(goOn, wait_ms)
      return
    }
    isTaking = true
    void take(next.key).then(() => {
      isTaking = false
      goOn()
    })
  }
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) if (wanted.has(target)) plan = show(plan, target, isIntersecting)
      goOn()
    },
    { rootMargin: '15%' },
  )
  document.addEventListener('visibilitychange', goOn)
  onCleanup(() => {
    over.abort()
    clearTimeout(timer)
    observer.disconnect()
    document.removeEventListener('visibilitychange', goOn)
  })
  const keepPainted = (canvas: HTMLCanvasElement, source: Accessor<PictureSource | undefined>, painted: () => void): void => {
    wanted.set(canvas, { source, painted })
    observer.observe(canvas)
    createEffect(
      on(
        () => source()?.playlist,
        () => {
          plan = renew(plan, canvas)
          goOn()
        },
        { defer: true },
      ),
    )
    onCleanup(() => {
      observer.unobserve(canvas)
      wanted.delete(canvas)
      plan = forget(plan, canvas)
    })
  }
  return { keepPainted }
}
