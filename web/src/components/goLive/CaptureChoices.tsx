import { createUniqueId, For, type JSX, Show } from 'solid-js'
import type { Capture } from '../../devices/createCapture.ts'
import type { Device } from '../../devices/createDevices.ts'
import type { PictureSource } from '../../devices/createPicture.ts'
import { canShareScreen } from '../../devices/opening.ts'
import { presetOf, presets } from '../../recorder/presets.ts'
import { Choice, type Option } from './Choice.tsx'
import { LevelMeter } from './LevelMeter.tsx'

const sources: ReadonlyArray<Option<PictureSource>> = [
  { value: 'camera', label: 'Camera', icon: 'camera' },
  ...(canShareScreen() ? [{ value: 'screen', label: 'Screen', icon: 'screen' } as const] : []),
  { value: 'none', label: 'Sound only', icon: 'wave' },
]
const qualities = presets.map(({ name, bitsPerSecond }) => ({ value: name, label: name, detail: `${bitsPerSecond / 1_000_000} Mb/s` }))
const noMicrophone = 'none'

const Picker = (props: {
  readonly label: string
  readonly devices: ReadonlyArray<Device>
  readonly value: string
  readonly onChoose: (id: string) => void
  readonly children?: JSX.Element
}) => {
  const id = createUniqueId()
  return (
    <div class="picker">
      <label for={id}>{props.label}</label>
      <select id={id} class="field" onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <For each={props.devices.filter((device) => device.id !== '')}>
          {(device) => (
            <option value={device.id} selected={device.id === props.value}>
              {device.label}
            </option>
          )}
        </For>
        {props.children}
      </select>
    </div>
  )
}

/** The same, folded away until it is wanted. */
export const FoldedChoices = (props: { readonly capture: Capture; readonly isOpen?: boolean }) => (
  <details class="disclosure foldedChoices" open={props.isOpen === true}>
    <summary>Devices and quality</summary>
    <CaptureChoices capture={props.capture} />
  </details>
)

/** What is captured: source of the picture, devices, quality. */
export const CaptureChoices = (props: { readonly capture: Capture }) => {
  const { capture } = props
  const choose: Readonly<Record<PictureSource, () => void>> = { camera: () => capture.useCamera(), screen: capture.useScreen, none: capture.useNoPicture }
  const hasMicrophone = () => capture.microphone.track() !== undefined
  return (
    <div class="captureChoices">
      <Choice label="Picture" options={sources} value={capture.picture.source()} onChoose={(source) => choose[source]()} />
      <Show when={capture.picture.source() === 'camera'}>
        <Picker label="Camera" devices={capture.devices().cameras} value={capture.picture.camera.id() ?? ''} onChoose={capture.useCamera}>
          <Show when={capture.picture.camera.track() === undefined}>
            <option value="" selected disabled>
              No camera yet
            </option>
          </Show>
        </Picker>
      </Show>
      <Picker
        label="Microphone"
        devices={capture.devices().microphones}
        value={hasMicrophone() ? (capture.microphone.id() ?? '') : noMicrophone}
        onChoose={(id) => capture.useMicrophone(id === noMicrophone ? null : id)}
      >
        <option value={noMicrophone} selected={!hasMicrophone()}>
          No microphone
        </option>
      </Picker>
      <LevelMeter track={capture.microphone.track()} isMuted={capture.isMuted()} />
      <Show when={capture.picture.source() !== 'none'}>
        <Choice label="Quality" options={qualities} value={capture.preset().name} onChoose={(name) => capture.usePreset(presetOf(name))} />
      </Show>
    </div>
  )
}
