import { createUniqueId, Show } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import { TITLE_LENGTH_MAX } from '../../publisher/limits.ts'
import { Icon } from '../Icon.tsx'
import { CaptureChoices } from './CaptureChoices.tsx'

/** Everything that is chosen before going live. */
export const SetupPanel = (props: {
  readonly capture: Capture
  readonly title: string
  readonly onTitle: (title: string) => void
  readonly canStart: boolean
  readonly onStart: () => void
}) => {
  const id = createUniqueId()
  // What keeps both away is said once, in place of the picture.
  const soundProblem = () => (props.capture.microphone.problem() === props.capture.picture.problem() ? undefined : props.capture.microphone.problem())
  const hasNothing = () => props.capture.stream() === undefined && !props.capture.isOpening() && props.capture.picture.problem() === undefined
  return (
    <form
      class="livePanel"
      onSubmit={(event) => {
        event.preventDefault()
        if (props.canStart) props.onStart()
      }}
    >
      <h1>Go live</h1>
      <div class="picker">
        <label for={id}>
          Title
          <span class="counter" classList={{ full: props.title.length >= TITLE_LENGTH_MAX }}>
            {props.title.length}/{TITLE_LENGTH_MAX}
          </span>
        </label>
        <input
          id={id}
          class="field"
          type="text"
          dir="auto"
          autocomplete="off"
          placeholder="What is it about?"
          maxlength={TITLE_LENGTH_MAX}
          value={props.title}
          onInput={(event) => props.onTitle(event.currentTarget.value)}
        />
      </div>
      <CaptureChoices capture={props.capture} />
      <Show when={soundProblem()}>
        {(problem) => (
          <p class="soundProblem" role="status">
            <strong>{problem().title}.</strong> {problem().detail}
          </p>
        )}
      </Show>
      <Show when={hasNothing()}>
        <p class="endedWords" role="status">
          Choose a picture or a microphone: there is nothing to send yet.
        </p>
      </Show>
      <div class="setupFoot">
        <button class="button goLiveNow" type="submit" disabled={!props.canStart}>
          <Icon name="broadcast" /> Go live
        </button>
      </div>
    </form>
  )
}
