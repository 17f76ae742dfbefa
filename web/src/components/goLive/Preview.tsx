import { createEffect, type JSX, Match, Show, Switch } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import { isMirrored } from '../../devices/mirroring.ts'
import type { Problem } from '../../devices/problems.ts'
import { Icon } from '../Icon.tsx'
import { ProblemPanel } from './ProblemPanel.tsx'
import './preview.css'

const Words = (props: { readonly icon: 'cameraOff' | 'wave'; readonly children: JSX.Element }) => (
  <div class="previewWords">
    <Icon name={props.icon} />
    <span>{props.children}</span>
  </div>
)

/** What is captured, as its publisher sees it: a camera that looks at them is a mirror. */
export const Preview = (props: { readonly capture: Capture; readonly problem: Problem | undefined; readonly isLive: boolean; readonly children?: JSX.Element }) => {
  const { capture } = props
  const video = (<video muted playsinline autoplay aria-label="Preview" />) as HTMLVideoElement
  createEffect(() => {
    const track = capture.picture.track()
    video.srcObject = track === undefined ? null : new MediaStream([track])
    video.classList.toggle('mirrored', track !== undefined && isMirrored(capture.picture.source(), track.getSettings().facingMode))
  })
  return (
    <section class="preview" aria-label="Preview">
      {video}
      <Switch>
        <Match when={props.problem}>{(problem) => <ProblemPanel problem={problem()} capture={capture} isLive={props.isLive} />}</Match>
        <Match when={capture.isOpening() && capture.picture.track() === undefined && capture.picture.source() !== 'none'}>
          <div class="previewWords" role="status">
            <span class="spinner small" aria-hidden="true" />
            <strong>Opening the camera</strong>
            <span>If the browser asks, allow camera and microphone.</span>
          </div>
        </Match>
        <Match when={capture.picture.source() === 'none'}>
          <Words icon="wave">Sound only</Words>
        </Match>
        <Match when={capture.picture.track() === undefined}>
          <Words icon="cameraOff">The camera is off</Words>
        </Match>
        <Match when={capture.isHidden()}>
          <Words icon="cameraOff">The picture is hidden: viewers see black</Words>
        </Match>
      </Switch>
      <Show when={props.children}>{props.children}</Show>
    </section>
  )
}
