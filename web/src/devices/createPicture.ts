import { type Accessor, batch, createMemo, createSignal } from 'solid-js'
import type { Preset } from '../recorder/presets.ts'
import { createTrack, type OwnTrack } from './createTrack.ts'
import { type Opened, openCamera, openScreen } from './opening.ts'
import type { Problem } from './problems.ts'

/** What the picture comes from. */
export type PictureSource = 'camera' | 'screen' | 'none'

/** The picture, and how its source is changed. */
export interface Picture {
  readonly source: Accessor<PictureSource>
  readonly track: Accessor<MediaStreamTrack | undefined>
  readonly camera: OwnTrack
  /** What a shared tab or screen sounds like. */
  readonly screenSound: Accessor<MediaStreamTrack | undefined>
  readonly problem: Accessor<Problem | undefined>
  readonly useCamera: (id?: string) => Promise<void>
  /** Asks people which; whoever changes their mind keeps the picture that they have. */
  readonly useScreen: () => Promise<void>
  readonly useNone: () => void
  /** Lets everything go; a camera is what is used next. */
  readonly close: () => void
}

/** Holds a camera or a screen. */
export const createPicture = (preset: Accessor<Preset>): Picture => {
  const [source, setSource] = createSignal<PictureSource>('camera')
  const camera = createTrack('camera')
  const screen = createTrack('screen')
  const sound = createTrack('screen')
  const shown = (): OwnTrack | undefined => ({ camera, screen, none: undefined })[source()]

  const share = (opened: Opened<MediaStream>, takeShared: OwnTrack['take']): void => {
    if ('problem' in opened) {
      if (opened.problem.kind !== 'cancelled') screen.take(opened)
      return
    }
    const [picture] = opened.got.getVideoTracks()
    const [beside] = opened.got.getAudioTracks()
    if (picture === undefined) return
    if (!takeShared({ got: picture })) return beside?.stop()
    batch(() => {
      if (beside === undefined) sound.close()
      else sound.take({ got: beside })
      setSource('screen')
      camera.close()
    })
  }
  const use = (next: PictureSource): void =>
    batch(() => {
      setSource(next)
      for (const own of [camera, screen, sound]) own.close()
    })
  return {
    source,
    track: createMemo(() => shown()?.track()),
    camera,
    screenSound: sound.track,
    problem: () => shown()?.problem() ?? camera.problem() ?? screen.problem(),
    useCamera: async (id) => {
      const isOpened = await camera.replace(() => openCamera(id, preset()))
      const keepsScreen = !isOpened && source() === 'screen' && screen.problem() === undefined
      if (keepsScreen) return
      batch(() => {
        setSource('camera')
        screen.close()
        sound.close()
      })
    },
    useScreen: async () => {
      const takeShared = screen.later()
      share(await openScreen(preset()), takeShared)
    },
    useNone: () => use('none'),
    close: () => use('camera'),
  }
}
