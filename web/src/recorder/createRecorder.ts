import { onCleanup } from 'solid-js'
import { type Preset, soundBitsPerSecond } from './presets.ts'
import { decide, idle, type RecordingAction, type RecordingEvent } from './recording.ts'
import { chooseType } from './recordingType.ts'

/** Who gets what is recorded; `key` is the number of the recorder, which is one epoch. */
export interface RecorderListener {
  readonly begin: (key: number, mimeType: string) => void
  readonly chunk: (key: number, bytes: Blob) => void
  /** The recorder has given its last chunk. */
  readonly finish: (key: number) => void
  /** The browser does not record this, or stops recording again and again. */
  readonly failed: () => void
}

/** Records a source, and another one in its place. */
export interface Recorder {
  /** Records this source from now on; what was recorded of the one before ends with its last chunk. */
  readonly record: (stream: MediaStream, preset: Preset) => void
  readonly stop: () => void
}

/** The browser knows more options than the types do. */
interface Options extends MediaRecorderOptions {
  /** ms; without it keyframes come every five seconds. */
  readonly videoKeyFrameIntervalDuration: number
}

/** Length of a chunk, which every viewer waits for: a picture at 30 a second. */
const chunk_ms = 33
const keyframeInterval_ms = 1_000

/** The best type in which the browser records that stream, where so many recorders have failed. `undefined`: none. */
export const typeOf = (stream: MediaStream, failures = 0): string | undefined =>
  'MediaRecorder' in globalThis
    ? chooseType({ picture: stream.getVideoTracks().length > 0, sound: stream.getAudioTracks().length > 0 }, (type) => MediaRecorder.isTypeSupported(type), failures)
    : undefined

const hasTracks = (stream: MediaStream): boolean => stream.getTracks().some(({ readyState }) => readyState === 'live')

/** Records what it is told to, until its owner goes. */
export const createRecorder = (listener: RecorderListener): Recorder => {
  let recording = idle
  let source: { readonly stream: MediaStream; readonly preset: Preset } | undefined
  const recorders = new Map<number, MediaRecorder>()

  const start = (key: number, failures: number, { stream, preset }: NonNullable<typeof source>): void => {
    const options: Options = {
      mimeType: typeOf(stream, failures) ?? '',
      videoBitsPerSecond: preset.bitsPerSecond,
      audioBitsPerSecond: soundBitsPerSecond,
      videoKeyFrameIntervalDuration: keyframeInterval_ms,
    }
    const recorder = new MediaRecorder(stream, options)
    recorder.addEventListener('dataavailable', ({ data }) => data.size > 0 && listener.chunk(key, data))
    recorder.addEventListener('error', (event) => console.warn('The recorder failed.', event))
    recorder.addEventListener('stop', () => {
      recorders.delete(key)
      tell({ kind: 'stopped', key, hasTracks: hasTracks(stream) })
    })
    recorder.start(chunk_ms)
    recorders.set(key, recorder)
    listener.begin(key, recorder.mimeType)
  }
  const startOrFail = (key: number, failures: number): void => {
    if (source === undefined) return
    try {
      start(key, failures, source)
    } catch (error) {
      console.warn(error)
      tell({ kind: 'stopped', key, hasTracks: hasTracks(source.stream) })
    }
  }
  const perform = (action: RecordingAction): void => {
    if (action.kind === 'start') startOrFail(action.key, action.failures)
    else if (action.kind === 'stop') recorders.get(action.key)?.stop()
    else if (action.kind === 'finish') listener.finish(action.key)
    else listener.failed()
  }
  const tell = (event: RecordingEvent): void => {
    const decision = decide(recording, event, performance.now())
    recording = decision.recording
    decision.actions.forEach(perform)
  }
  onCleanup(() => {
    for (const recorder of recorders.values()) recorder.stop()
  })
  return {
    record: (stream, preset) => {
      source = { stream, preset }
      tell({ kind: 'record' })
    },
    stop: () => tell({ kind: 'stop' }),
  }
}
