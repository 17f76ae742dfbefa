/** Opens cameras, microphones and screens. */
import { frameRate, type Preset } from '../recorder/presets.ts'
import { insecureProblem, type Problem, problemOf, type Wanted } from './problems.ts'

/** A track, or why there is none. */
export type Opened<T> = { readonly got: T } | { readonly problem: Problem }

/** Whether this browser can share its screen; phones cannot. */
export const canShareScreen = (): boolean => 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices

/** Size and rate that a picture is asked for in; cameras give what is nearest. */
export const sizeOf = ({ width, height }: Preset): MediaTrackConstraints => ({
  width: { ideal: width },
  height: { ideal: height },
  frameRate: { ideal: frameRate, max: frameRate },
})

const camera = (id: string | undefined, preset: Preset): MediaTrackConstraints => ({
  ...sizeOf(preset),
  ...(id === undefined ? { facingMode: 'user' } : { deviceId: { exact: id } }),
})

const microphone = (id: string | undefined): MediaTrackConstraints | boolean => (id === undefined ? true : { deviceId: { exact: id } })

const attempt = async <T>(wanted: Wanted, open: (media: MediaDevices) => Promise<T>): Promise<Opened<T>> => {
  if (!('mediaDevices' in navigator)) return { problem: insecureProblem }
  try {
    return { got: await open(navigator.mediaDevices) }
  } catch (error) {
    console.warn(error)
    if (!(error instanceof Error) && !(error instanceof DOMException)) throw error
    return { problem: problemOf(error, wanted) }
  }
}

const firstOf = (tracks: ReadonlyArray<MediaStreamTrack>): MediaStreamTrack => {
  const [track] = tracks
  if (track === undefined) throw new DOMException('there is no such track', 'NotFoundError')
  return track
}

/** Opens a camera: that one, or the one that the browser prefers. */
export const openCamera = (id: string | undefined, preset: Preset): Promise<Opened<MediaStreamTrack>> =>
  attempt('camera', async (media) => firstOf((await media.getUserMedia({ video: camera(id, preset) })).getVideoTracks()))

/** Opens a microphone: that one, or the one that the browser prefers. */
export const openMicrophone = (id: string | undefined): Promise<Opened<MediaStreamTrack>> =>
  attempt('microphone', async (media) => firstOf((await media.getUserMedia({ audio: microphone(id) })).getAudioTracks()))

/** Asks for both at once, so that the browser asks people once. Where that fails, each by itself tells which of them it is. */
export const openBoth = async (
  cameraId: string | undefined,
  microphoneId: string | undefined,
  preset: Preset,
): Promise<readonly [Opened<MediaStreamTrack>, Opened<MediaStreamTrack>]> => {
  const both = await attempt('camera', (media) => media.getUserMedia({ video: camera(cameraId, preset), audio: microphone(microphoneId) }))
  if ('got' in both) return [{ got: firstOf(both.got.getVideoTracks()) }, { got: firstOf(both.got.getAudioTracks()) }]
  if (both.problem.kind === 'refused' || both.problem.kind === 'insecure') return [both, both]
  return [await openCamera(cameraId, preset), await openMicrophone(microphoneId)]
}

/** Asks people for a screen, a window or a tab, with its sound where the browser gives that. */
export const openScreen = (preset: Preset): Promise<Opened<MediaStream>> =>
  attempt('screen', (media) => media.getDisplayMedia({ video: sizeOf(preset), audio: true }))
