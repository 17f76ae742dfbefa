import { Show } from 'solid-js'
import { createPolled } from '../../api/createPolled.ts'
import { findStream } from '../../api/fetchStreams.ts'
import { watchPath } from '../../navigation/route.ts'
import { formatPosition } from '../../player/formatTime.ts'
import type { PublisherView } from '../../publisher/createPublisher.ts'

const poll_ms = 1_500

/** After the end: where the recording is. */
export const EndedPanel = (props: { readonly id: string; readonly view: PublisherView; readonly onAgain: () => void }) => {
  const polled = createPolled(() => findStream(props.id), poll_ms)
  const status = () => polled().answer?.value?.status
  const duration_s = () => (props.view.ending?.how === 'stopped' ? (props.view.ending.duration_ms ?? 0) / 1000 : 0)
  const detail = () => {
    if (status() === 'archived') return 'The recording is ready.'
    if (status() === 'failed') return `It could not be made playable: ${polled().answer?.value?.reason ?? 'nobody says why'}.`
    if (status() === 'live' && props.view.ending?.how === 'left') return 'The server could not be told; it ends the stream by itself when it has waited for long enough.'
    return 'The recording is being put away, and plays at the same address in a moment.'
  }
  return (
    <div class="livePanel">
      <h1>{props.view.ending?.how === 'over' ? 'The stream has ended meanwhile' : 'Your stream has ended'}</h1>
      <p class="endedWords" role="status">
        {detail()}
      </p>
      <Show when={duration_s() > 0}>
        <p class="endedWords">You were live for {formatPosition(duration_s())}.</p>
      </Show>
      <Show when={props.view.figures.waitingChunks > 0}>
        <p class="soundProblem">Its last {props.view.figures.kept_s.toFixed(1)} s did not reach the server.</p>
      </Show>
      <Show when={props.view.figures.lostChunks > 0}>
        <p class="soundProblem">Some of the stream was lost on the way.</p>
      </Show>
      <a class="button primary" href={watchPath(props.id)}>
        Watch the recording
      </a>
      <button class="button" type="button" onClick={() => props.onAgain()}>
        Go live again
      </button>
    </div>
  )
}
