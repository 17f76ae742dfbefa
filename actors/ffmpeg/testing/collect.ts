import { Effect } from 'effect'
import type { Layer } from 'effect'
import type { InitInfo } from '../../fmp4/readInit.ts'
import type { Sample } from '../../fmp4/sample.ts'
import { Ffmpeg } from '../FfmpegChild.ts'
import type { FfmpegChild, FfmpegEvent, FfmpegExited } from '../FfmpegChild.ts'
import type { FfmpegPlan } from '../plan.ts'

/** What one rendition gave. */
export interface CollectedRendition {
  init: { readonly bytes: Uint8Array; readonly info: InitInfo } | undefined
  readonly samples: Array<Sample>
}

/** Everything that a child told, sorted by rendition, and in order. */
export class Collected {
  readonly events: Array<FfmpegEvent> = []
  readonly renditions = new Map<string, CollectedRendition>()
  credited_bytes = 0
  readonly exited: Promise<FfmpegExited>
  #resolveExited: (event: FfmpegExited) => void = () => {}

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve
    })
  }

  readonly take = (event: FfmpegEvent): void => {
    this.events.push(event)
    if (event._tag === 'Init') this.rendition(event.rendition).init = event
    if (event._tag === 'Samples') this.rendition(event.rendition).samples.push(...event.samples)
    if (event._tag === 'Credit') this.credited_bytes += event.bytes
    if (event._tag === 'Exited') this.#resolveExited(event)
  }

  rendition(name: string): CollectedRendition {
    const known = this.renditions.get(name)
    if (known !== undefined) return known
    const rendition: CollectedRendition = { init: undefined, samples: [] }
    this.renditions.set(name, rendition)
    return rendition
  }

  samples(name: string): ReadonlyArray<Sample> {
    return this.rendition(name).samples
  }
}

/** Runs `use` with a child in a scope of its own, which is closed afterwards. */
export const withChild = <A>(
  layer: Layer.Layer<Ffmpeg>,
  plan: FfmpegPlan,
  use: (child: FfmpegChild, collected: Collected) => Promise<A>,
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const ffmpeg = yield* Ffmpeg
        const collected = new Collected()
        const child = yield* ffmpeg.spawn(plan, collected.take)
        return yield* Effect.promise(() => use(child, collected))
      }),
    ).pipe(Effect.provide(layer)),
  )

/** Feeds the whole input and waits for the end. */
export const runToEnd = (
  layer: Layer.Layer<Ffmpeg>,
  plan: FfmpegPlan,
  input: ReadonlyArray<Uint8Array>,
): Promise<{ readonly collected: Collected; readonly exited: FfmpegExited }> =>
  withChild(layer, plan, async (child, collected) => {
    for (const bytes of input) child.write(bytes)
    child.end()
    return { collected, exited: await collected.exited }
  })

/** Waits until `condition` holds; rejects after `deadline_ms` with `what`. */
export const eventually = async (what: string, condition: () => boolean, deadline_ms = 10_000): Promise<void> => {
  const until_ms = performance.now() + deadline_ms
  while (!condition()) {
    if (performance.now() > until_ms) throw new Error(`not within ${deadline_ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
