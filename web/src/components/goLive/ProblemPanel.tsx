import { Show } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import { canShareScreen } from '../../devices/opening.ts'
import type { Problem } from '../../devices/problems.ts'

/** What is wrong with the picture, and the ways out of it. */
export const ProblemPanel = (props: { readonly problem: Problem; readonly capture: Capture; readonly isLive: boolean }) => {
  const canTry = () => props.problem.kind !== 'insecure' && props.problem.kind !== 'unsupported'
  const tryAgain = (): void => {
    if (props.problem.wanted === 'screen') props.capture.useScreen()
    else if (props.isLive) props.capture.useCamera()
    else props.capture.open()
  }
  return (
    <div class="notice bad" role="alert">
      <strong>{props.problem.title}</strong>
      <span>{props.problem.detail}</span>
      <Show when={canTry()}>
        <div class="noticeWays">
          <button class="button" type="button" onClick={tryAgain}>
            {props.problem.wanted === 'screen' ? 'Share again' : 'Try again'}
          </button>
          <Show when={props.problem.wanted === 'screen'}>
            <button class="button" type="button" onClick={() => props.capture.useCamera()}>
              Use the camera
            </button>
          </Show>
          <Show when={props.problem.wanted === 'camera' && canShareScreen()}>
            <button class="button" type="button" onClick={props.capture.useScreen}>
              Share the screen
            </button>
          </Show>
        </div>
      </Show>
    </div>
  )
}
