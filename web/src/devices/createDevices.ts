import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** A camera or a microphone that can be chosen. */
export interface Device {
  /** Empty before the page may use one. */
  readonly id: string
  readonly label: string
}

/** What can be chosen from. */
export interface Devices {
  readonly cameras: ReadonlyArray<Device>
  readonly microphones: ReadonlyArray<Device>
}

const none: Devices = { cameras: [], microphones: [] }

const namedOf = (found: ReadonlyArray<MediaDeviceInfo>, kind: MediaDeviceKind, noun: string): ReadonlyArray<Device> =>
  found.filter((device) => device.kind === kind).map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `${noun} ${index + 1}` }))

/** Cameras and microphones as they come and go. `look` again after a permission was given. */
export const createDevices = (): { readonly devices: Accessor<Devices>; readonly look: () => Promise<void> } => {
  const [devices, setDevices] = createSignal(none, { equals: (one, other) => JSON.stringify(one) === JSON.stringify(other) })
  const media = 'mediaDevices' in navigator ? navigator.mediaDevices : undefined
  const look = async (): Promise<void> => {
    const found = (await media?.enumerateDevices()) ?? []
    setDevices({ cameras: namedOf(found, 'videoinput', 'Camera'), microphones: namedOf(found, 'audioinput', 'Microphone') })
  }
  const changed = (): void => void look().catch(console.warn)
  media?.addEventListener('devicechange', changed)
  onCleanup(() => media?.removeEventListener('devicechange', changed))
  changed()
  return { devices, look }
}
