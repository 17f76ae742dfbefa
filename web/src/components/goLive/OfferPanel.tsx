import { createEffect, Match, Switch } from 'solid-js'
import { createPolled } from '../../api/createPolled.ts'
import { findStream } from '../../api/fetchStreams.ts'
import type { Capture } from '../../devices/createCapture.ts'
import { watchPath } from '../../navigation/route.ts'
import type { KeptStream } from '../../publisher/keptStream.ts'
import { FoldedChoices } from './CaptureChoices.tsx'

const poll_ms = 2_000

/** After a reload: the stream that this tab was publishing can go on, for as long as the platform waits for it. */
export const OfferPanel = (props: {
  readonly capture: Capture
  readonly kept: KeptStream
  readonly canGoOn: boolean
  readonly onGoOn: () => void
  readonly onEnd: () => void
  readonly onForget: () => void
}) => {
  const polled = createPolled(() => findStream(props.kept.recordingId), poll_ms)
  const stream = () => polled().answer?.value
  createEffect(() => {
    const { answer } = polled()
    if (answer !== undefined && answer.value === undefined) props.onForget()
  })
  return (
    <div class="livePanel">
      <Switch
        fallback={
          <>
            <h1>Looking for your stream</h1>
            <p class="endedWords" role="status">
              {polled().unreachable ? 'The server does not answer. Trying again by itself.' : 'You were live in this tab a moment ago.'}
            </p>
          </>
        }
      >
        <Match when={stream()?.status === 'live'}>
          <h1>You are still live</h1>
          <p class="endedWords">
            <bdi>{props.kept.title || 'Your stream'}</bdi> waits for you, but not for long: without you it ends by itself in a moment.
          </p>
          <button class="button primary" type="button" disabled={!props.canGoOn} onClick={() => props.onGoOn()}>
            Continue the stream
          </button>
          <button class="button" type="button" onClick={() => props.onEnd()}>
            End it
          </button>
          <FoldedChoices capture={props.capture} isOpen={props.capture.picture.problem() !== undefined} />
        </Match>
        <Match when={stream() !== undefined}>
          <h1>Your stream has ended</h1>
          <p class="endedWords">It was without its publisher for too long.</p>
          <a class="button primary" href={watchPath(props.kept.recordingId)}>
            Watch the recording
          </a>
          <button class="button" type="button" onClick={() => props.onForget()}>
            Go live again
          </button>
        </Match>
      </Switch>
    </div>
  )
}
