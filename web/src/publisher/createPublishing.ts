import { type Accessor, createEffect, createRoot, createSignal, on, onCleanup } from 'solid-js'
import type { Capture } from '../devices/createCapture.ts'
import { createRecorder } from '../recorder/createRecorder.ts'
import { createPublisher, type Publisher } from './createPublisher.ts'
import { newIdentity } from './identity.ts'
import { type KeptStream, tabStorage, writeKept } from './keptStream.ts'

/** The stream of this page. */
export interface Publishing {
  /** `undefined`: none has been begun. */
  readonly publisher: Accessor<Publisher | undefined>
  /** When it began, ms since 1970. */
  readonly startedAt_ms: Accessor<number>
  /** The browser stopped recording, again and again. */
  readonly hasRecorderFailed: Accessor<boolean>
  readonly start: (title: string) => void
  /** Goes on with a stream that this tab began before it was reloaded, in a new epoch. */
  readonly goOn: (kept: KeptStream) => void
  /** Ends such a stream. */
  readonly endKept: (kept: KeptStream) => void
  /** Tries once more what failed: to publish the stream, or to end it. */
  readonly tryAgain: () => void
  readonly stop: () => void
  /** Forgets a stream that is over. */
  readonly reset: () => void
}

/** What can still be recorded of a stream. */
const livePartOf = (stream: MediaStream): MediaStream | undefined => {
  const tracks = stream.getTracks().filter(({ readyState }) => readyState === 'live')
  return tracks.length === 0 ? undefined : new MediaStream(tracks)
}

/** Records what is captured and publishes it: each source that is captured is an epoch of the one stream. */
export const createPublishing = (capture: Capture): Publishing => {
  const [publisher, setPublisher] = createSignal<Publisher>()
  const [startedAt_ms, setStartedAt] = createSignal(0)
  const [hasRecorderFailed, setRecorderFailed] = createSignal(false)
  let stopRecording = (): void => undefined
  let dispose = (): void => undefined

  const publish = (kept: KeptStream, records: boolean): void => {
    dispose()
    setStartedAt(kept.startedAt_ms)
    writeKept(tabStorage, kept)
    createRoot((end) => {
      dispose = end
      let isWanted = records
      const record = (): void => {
        const stream = capture.stream()
        const part = stream && livePartOf(stream)
        if (isWanted && part !== undefined) recorder.record(part, capture.preset())
      }
      const { recordingId, publisherToken, title } = kept
      const own = createPublisher({ recordingId, publisherToken, title }, { record, pause: () => recorder.stop() })
      const recorder = createRecorder({ begin: own.begin, chunk: own.chunk, finish: own.finish, failed: () => setRecorderFailed(true) })
      stopRecording = () => {
        isWanted = false
        recorder.stop()
      }
      createEffect(
        on(capture.stream, () => {
          setRecorderFailed(false)
          record()
        }),
      )
      createEffect(() => {
        const { phase, failure } = own.view()
        if (phase !== 'ended' && phase !== 'failed') return
        stopRecording()
        // Nobody knows of a stream that could not be reached whether it goes on.
        if (failure?.kind !== 'unreachable' && failure?.kind !== 'noRoom') writeKept(tabStorage, undefined)
      })
      setPublisher(own)
      if (!records) own.stop()
    })
  }
  onCleanup(() => dispose())
  return {
    publisher,
    startedAt_ms,
    hasRecorderFailed,
    start: (title) => publish({ ...newIdentity(title), startedAt_ms: Date.now() }, true),
    goOn: (kept) => publish(kept, true),
    endKept: (kept) => publish(kept, false),
    tryAgain: () => {
      const failed = publisher()
      if (failed !== undefined) publish({ ...failed.identity, startedAt_ms: startedAt_ms() }, !failed.view().isStopping)
    },
    stop: () => {
      stopRecording()
      publisher()?.stop()
    },
    reset: () => {
      dispose()
      setRecorderFailed(false)
      setPublisher(undefined)
    },
  }
}
