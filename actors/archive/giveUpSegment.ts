import type { SegmentClosed } from '../../proto/gen/millrace/v1/segment_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { lostRowOf, seedOf } from './archiveSegment.ts'
import { tellLost } from './lostSegments.ts'
import { ask, type Steps } from './steps.ts'

/**
 * Parks the announcement of a segment and records it as lost, where its stream is known, so that the recording can end
 * without it. A segment that another worker has archived meanwhile stays archived.
 */
export function* giveUpSegment(announced: SegmentClosed, reason: string, announcement: LogEntry): Steps<void> {
  yield* ask({ _tag: 'Park', id: announced.streamId, reason, entry: announcement })
  const entry = yield* ask({ _tag: 'ReadStream', id: announced.streamId })
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (recording === undefined) return
  const row = lostRowOf(announced, reason)
  yield* ask({ _tag: 'WriteRow', recording, row })
  const kept = yield* ask({ _tag: 'ReadRow', id: recording.id, rendition: row.rendition, msn: row.msn })
  if (kept?.objectKey === null) yield* tellLost(announced.streamId, kept)
}
