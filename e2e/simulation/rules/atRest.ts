import type { Platform } from '../life/Platform.ts'
import { framesIn } from './MediaTruth.ts'
import type { StreamTruth } from './StreamTruth.ts'

/** What must hold once everything has come to rest: the recording of each stream is what its publisher had stored. */
export const checkAtRest = (platform: Platform): void => {
  for (const truth of platform.truths.values()) checkStream(platform, truth)
}

const checkStream = (platform: Platform, truth: StreamTruth): void => {
  const { world, database, store } = platform
  // Nobody ever came as far as an entry: nothing began.
  if (!platform.server.buckets.streams.knows(truth.id)) return
  if (!truth.ended) world.violate('a stream ends in both its logs', `${truth.id}: INGEST has no end`)
  if (!truth.media.ended) world.violate('a stream ends in both its logs', `${truth.id}: MEDIA has no end`)
  const lost = truth.media.head?.record.checkpoint?.lostChunks ?? 0n
  if (lost > 0n) world.violate('nothing is lost', `${truth.id}: ${lost} chunks`)
  const rows = database.segments(truth.id)
  for (const [rendition, { frames }] of truth.media.renditions) {
    const own = rows.filter((row) => row.rendition === rendition)
    own.forEach((row, index) => {
      if (row.msn !== index) world.violate('a recording has every segment once', `${truth.id}/${rendition}: number ${row.msn} at place ${index}`)
    })
    if (rendition === 'audio') continue
    if (frames !== truth.expected.length) world.violate('every stored frame is in MEDIA once and in order', `${truth.id}/${rendition}: ${frames} of ${truth.expected.length} frames`)
    const recorded = own.flatMap(({ objectKey }) => framesIn(store.objects.get(objectKey ?? '') ?? new Uint8Array()))
    if (recorded.join() !== truth.expected.join()) world.violate('the recording is every stored frame, once and in order', `${truth.id}/${rendition}: ${recorded.length} of ${truth.expected.length} frames`)
  }
  if (truth.expected.length > 0 && truth.media.renditions.size === 0) world.violate('every stored frame is in MEDIA once and in order', `${truth.id}: none of ${truth.expected.length}`)
}
