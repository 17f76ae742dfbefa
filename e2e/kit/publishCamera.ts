/** The generated camera on its way through the real ingest, with the frames counted at each station. */
import { type CameraOptions, startCamera } from './camera.ts'
import { type Publisher, type StartOptions, startPublishing, type Stopped } from './publisher.ts'

/** A camera being published. */
export interface PublishedCamera {
  readonly publisher: Publisher
  /** Pictures taken. */
  readonly framesTaken: () => number
  /** Pictures taken before the last durable chunk was; all of them once everything is acknowledged. */
  readonly framesAcknowledged: () => number
  /** Resolves when the camera has ended by itself or by `stop` and everything is acknowledged; rejects when publishing failed. */
  readonly finished: Promise<void>
  /** Ends the camera, waits for the last acknowledgement and ends the stream. */
  readonly stop: () => Promise<Stopped>
  /** Ends the camera and leaves the stream as it is. */
  readonly abandon: () => void
}

/** Starts the camera and publishes what it gives. Rejects with `PublishingEnded` when the edge refuses. */
export const publishCamera = async (
  edge: string,
  options: { readonly camera?: CameraOptions; readonly stream?: Omit<StartOptions, 'mimeType'> } = {},
): Promise<PublishedCamera> => {
  const camera = startCamera(options.camera)
  const publisher = await startPublishing(edge, { ...options.stream, mimeType: camera.mimeType }).catch((error: unknown) => {
    camera.kill()
    throw error
  })
  /** Frames taken when each unacknowledged chunk was sent; the first belongs to sequence `floor`. */
  const taken: Array<number> = []
  let floor = 0
  let acknowledged = 0
  const framesAcknowledged = (): number => {
    for (; floor < publisher.acknowledged(); floor++) acknowledged = taken.shift() ?? acknowledged
    return acknowledged
  }
  const send = async (): Promise<void> => {
    for await (const { bytes } of camera.chunks) {
      framesAcknowledged()
      taken.push(camera.framesTaken())
      publisher.send(bytes)
    }
    await publisher.drained()
  }
  const finished = Promise.race([send(), publisher.failed])
  finished.catch(() => camera.kill())
  return {
    publisher,
    framesTaken: camera.framesTaken,
    framesAcknowledged,
    finished,
    stop: async () => {
      camera.stop()
      await finished
      return publisher.stop()
    },
    abandon: () => {
      camera.kill()
      publisher.leave()
    },
  }
}
