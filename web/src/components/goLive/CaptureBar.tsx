import { Show } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import { canShareScreen } from '../../devices/opening.ts'
import { Icon, type IconName } from '../Icon.tsx'

const Switch = (props: { readonly icon: IconName; readonly label: string; readonly isOff?: boolean; readonly isDisabled?: boolean; readonly onPress: () => void }) => (
  <button class="barButton" classList={{ off: props.isOff === true }} type="button" disabled={props.isDisabled === true} onClick={() => props.onPress()}>
    <Icon name={props.icon} />
    <span>{props.label}</span>
  </button>
)

/** What is changed most often while live: sound, picture, its source. */
export const CaptureBar = (props: { readonly capture: Capture; readonly onEnd: () => void }) => {
  const { capture } = props
  const source = () => capture.picture.source()
  return (
    <div class="captureBar" role="group" aria-label="Stream controls">
      <Switch
        icon={capture.isMuted() ? 'microphoneOff' : 'microphone'}
        label={capture.isMuted() ? 'Unmute' : 'Mute'}
        isOff={capture.isMuted()}
        isDisabled={capture.microphone.track() === undefined}
        onPress={() => capture.setMuted(!capture.isMuted())}
      />
      <Switch
        icon={capture.isHidden() ? 'cameraOff' : 'camera'}
        label={capture.isHidden() ? 'Show picture' : 'Hide picture'}
        isOff={capture.isHidden()}
        isDisabled={source() === 'none'}
        onPress={() => capture.setHidden(!capture.isHidden())}
      />
      <Show when={canShareScreen()}>
        <Switch
          icon={source() === 'screen' ? 'camera' : 'screen'}
          label={source() === 'screen' ? 'To camera' : 'Share screen'}
          onPress={() => (source() === 'screen' ? capture.useCamera() : capture.useScreen())}
        />
      </Show>
      <span class="space" />
      <button class="button endButton" type="button" onClick={() => props.onEnd()}>
        End stream
      </button>
    </div>
  )
}
