import { type Accessor, createSignal, onCleanup } from 'solid-js'
import { addToRate, bitsPerSecond, type Figures, figuresOf, noRate, type Rate } from './figures.ts'
import { ingestSockets } from './ingestSockets.ts'
import { viewersIn } from './messages.ts'
import { decide } from './publishing.ts'
import { beginPublishing, type Ending, type Failure, type Identity, type Instant, isOver, type Phase, type Publishing, type PublishingAction, type PublishingEvent } from './publishingState.ts'

/** What a page shows of a stream being published. */
export interface PublisherView {
  readonly phase: Phase
  readonly ending: Ending | undefined
  readonly failure: Failure | undefined
  readonly figures: Figures
  /** What is being recorded, whether or not it gets through. */
  readonly bitsPerSecond: number
  /** `undefined`: the edge has not said. */
  readonly viewers: number | undefined
  /** No more can be kept, and recording waits. */
  readonly isFull: boolean
  readonly isStopping: boolean
}

/** One stream being published. */
export interface Publisher {
  readonly identity: Identity
  readonly view: Accessor<PublisherView>
  /** From the recorder: an epoch begins, has given more, has given all. */
  readonly begin: (key: number, mimeType: string) => void
  readonly chunk: (key: number, bytes: Blob) => void
  readonly finish: (key: number) => void
  /** Ends the stream once everything recorded is durable. */
  readonly stop: () => void
  /** Does not wait any longer. */
  readonly leave: () => void
}

/** What the publisher asks of the recorder. */
export interface RecorderControl {
  /** Begin another epoch. */
  readonly record: () => void
  /** Stop for now. */
  readonly pause: () => void
}

const tick_ms = 250

const now = (): Instant => ({ at_ms: performance.now(), chance: Math.random() })

/** Calls back when the network may have changed. */
const onNetworkChange = (changed: () => void): void => {
  const connection = 'connection' in navigator && navigator.connection instanceof EventTarget ? navigator.connection : undefined
  const targets: ReadonlyArray<readonly [EventTarget, string]> = [[window, 'online'], [window, 'offline'], ...(connection ? [[connection, 'change'] as const] : [])]
  for (const [target, name] of targets) target.addEventListener(name, changed)
  onCleanup(() => {
    for (const [target, name] of targets) target.removeEventListener(name, changed)
  })
}

const viewOf = (state: Publishing, rate: Rate, viewers: number | undefined, at_ms: number): PublisherView => ({
  phase: state.phase,
  ending: state.ending,
  failure: state.failure,
  figures: figuresOf(state, at_ms),
  bitsPerSecond: bitsPerSecond(rate, at_ms),
  viewers,
  isFull: state.isFull,
  isStopping: state.stopWanted,
})

/** Publishes one stream: connects when there is something to send, comes back by itself, and hangs up with its owner. */
export const createPublisher = (identity: Identity, recorder: RecorderControl): Publisher => {
  let state = beginPublishing(identity, now())
  let rate = noRate
  let viewers: number | undefined
  let over_ms: number | undefined
  const waiting: Array<PublishingEvent> = []
  let isTelling = false
  // What is left of a stream that is over stays as it was.
  const look = (): PublisherView => viewOf(state, rate, viewers, over_ms ?? performance.now())
  const [view, setView] = createSignal(look())
  const show = (): void => void setView(look())

  const perform = (action: PublishingAction): void => {
    if (action.kind === 'record') recorder.record()
    else if (action.kind === 'pause') recorder.pause()
    else sockets.perform(action)
  }
  /** Events that come of actions wait for the actions before them. */
  const tell = (event: PublishingEvent): void => {
    waiting.push(event)
    if (isTelling) return
    isTelling = true
    const { phase, stopWanted } = state
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (next.kind === 'message') viewers = viewersIn(next.message, identity.recordingId) ?? viewers
        const decision = decide(state, next, now())
        state = decision.state
        if (isOver(state)) over_ms ??= performance.now()
        decision.actions.forEach(perform)
      }
    } finally {
      isTelling = false
    }
    if (state.phase !== phase || state.stopWanted !== stopWanted) show()
  }
  const sockets = ingestSockets(tell)
  const timer = setInterval(() => {
    tell({ kind: 'tick' })
    show()
  }, tick_ms)
  onNetworkChange(() => tell({ kind: 'networkChanged' }))
  onCleanup(() => {
    clearInterval(timer)
    tell({ kind: 'leave' })
    sockets.close()
  })
  return {
    identity,
    view,
    begin: (key, mimeType) => tell({ kind: 'begin', key, mimeType }),
    chunk: (key, bytes) => {
      rate = addToRate(rate, bytes.size, performance.now())
      tell({ kind: 'chunk', key, bytes })
    },
    finish: (key) => tell({ kind: 'finish', key }),
    stop: () => tell({ kind: 'stop' }),
    leave: () => tell({ kind: 'leave' }),
  }
}
