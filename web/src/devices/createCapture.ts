import { type Accessor, batch, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js'
import { defaultPreset, type Preset } from '../recorder/presets.ts'
import { createDevices, type Device, type Devices } from './createDevices.ts'
import { createPicture, type Picture } from './createPicture.ts'
import { createTrack, type OwnTrack } from './createTrack.ts'
import { mix } from './mixing.ts'
import { openBoth, openMicrophone, sizeOf } from './opening.ts'

/** What is captured, and how it is changed. */
export interface Capture {
  readonly devices: Accessor<Devices>
  readonly preset: Accessor<Preset>
  readonly picture: Picture
  readonly microphone: OwnTrack
  /** Picture and sound as they are to be recorded; another one whenever they change. `undefined`: there is nothing. */
  readonly stream: Accessor<MediaStream | undefined>
  /** The browser is asking, or a device is being opened. */
  readonly isOpening: Accessor<boolean>
  readonly isMuted: Accessor<boolean>
  readonly isHidden: Accessor<boolean>
  readonly setMuted: (muted: boolean) => void
  readonly setHidden: (hidden: boolean) => void
  /** Opens camera and microphone. */
  readonly open: () => void
  /** Lets all devices go. */
  readonly close: () => void
  readonly useCamera: (id?: string) => void
  readonly useScreen: () => void
  readonly useNoPicture: () => void
  /** A microphone of that id, or the one that the browser prefers; `null`: none. */
  readonly useMicrophone: (id?: string | null) => void
  readonly usePreset: (preset: Preset) => void
}

/** A device that went away, or was missing from the beginning, is used as soon as it is there. */
const useWhenPlugged = (own: OwnTrack, there: Accessor<ReadonlyArray<Device>>, use: (id?: string) => void): void => {
  createEffect(
    on(there, (found, before) => {
      const isMore = found.length > (before?.length ?? found.length)
      const kind = own.problem()?.kind
      const id = own.id()
      if (kind === 'unplugged' && found.some((device) => device.id === id)) use(id)
      else if (kind === 'missing' && isMore) use()
    }),
  )
}

/** The sounds as the one track that a recorder takes. */
const createSound = (sounds: Accessor<ReadonlyArray<MediaStreamTrack>>): Accessor<MediaStreamTrack | undefined> =>
  createMemo(() => {
    const [first, ...others] = sounds()
    if (first === undefined || others.length === 0) return first
    const mixed = mix([first, ...others])
    onCleanup(mixed.close)
    return mixed.track
  })

/** Captures a camera or a screen, and a microphone, for as long as its owner lives. */
export const createCapture = (): Capture => {
  const { devices, look } = createDevices()
  const [preset, setPreset] = createSignal(defaultPreset)
  const [opening, setOpening] = createSignal(0)
  const [isMuted, setMuted] = createSignal(false)
  const [isHidden, setHidden] = createSignal(false)
  const picture = createPicture(preset)
  const microphone = createTrack('microphone')

  const during = (work: () => Promise<unknown>): void => {
    setOpening((count) => count + 1)
    void work()
      .then(look)
      .catch(console.warn)
      .finally(() => setOpening((count) => count - 1))
  }
  const sound = createSound(() => [microphone.track(), picture.screenSound()].filter((track) => track !== undefined))
  const stream = createMemo(() => {
    preset()
    const tracks = [picture.track(), sound()].filter((track) => track !== undefined)
    return tracks.length > 0 ? new MediaStream(tracks) : undefined
  })
  const enable = (track: MediaStreamTrack | undefined, enabled: boolean): void => {
    if (track !== undefined) track.enabled = enabled
  }
  createEffect(() => enable(microphone.track(), !isMuted()))
  createEffect(() => enable(picture.track(), !isHidden()))
  const useCamera = (id?: string): void => during(() => picture.useCamera(id))
  const useMicrophone = (id?: string | null): void => (id === null ? microphone.close() : during(() => microphone.replace(() => openMicrophone(id))))
  useWhenPlugged(picture.camera, () => devices().cameras, useCamera)
  useWhenPlugged(microphone, () => devices().microphones, useMicrophone)
  return {
    devices, preset, picture, microphone, stream, isMuted, isHidden, setMuted, setHidden, useCamera, useMicrophone,
    isOpening: () => opening() > 0,
    open: () =>
      during(async () => {
        const [takeSeen, takeHeard] = [picture.camera.later(), microphone.later()]
        const [seen, heard] = await openBoth(undefined, undefined, preset())
        batch(() => {
          takeSeen(seen)
          takeHeard(heard)
        })
      }),
    close: () =>
      batch(() => {
        picture.close()
        microphone.close()
      }),
    useScreen: () => during(picture.useScreen),
    useNoPicture: picture.useNone,
    usePreset: (wanted) =>
      during(async () => {
        await picture.track()?.applyConstraints(sizeOf(wanted)).catch(console.warn)
        setPreset(wanted)
      }),
  }
}
