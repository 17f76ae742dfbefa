import type { PublishedCamera } from '../../e2e/kit/publishCamera.ts'
import type { LiveViewer } from './liveViewer.ts'
import { seconds } from './terminal.ts'

/** How far the frames have come, in a line: taken by the camera, durable, seen by a viewer, and how old they were then. */
export const reportLine = (published: PublishedCamera, viewer: LiveViewer): string => {
  const [taken, durable, seen] = [published.framesTaken(), published.framesAcknowledged(), viewer.framesSeen()].map((count) => String(count).padStart(6))
  return `frames: sent ${taken}   acknowledged ${durable}   received live ${seen}   latency ${seconds(viewer.age_ms())}`
}
