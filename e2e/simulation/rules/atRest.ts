import { LossKind } from '../../../proto/gen/millrace/v1/loss_pb.js'
import type { World } from '../world/World.ts'
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
  checkLosses(world, truth)
  const rows = database.segments(truth.id)
  for (const [rendition, { frames }] of truth.media.renditions) {
    const own = rows.filter((row) => row.rendition === rendition)
    const published = [...truth.media.segments.values()].filter((segment) => segment.rendition === rendition)
    const [numbers, wanted] = [own, published].map((segments) => segments.map(({ msn }) => msn).join())
    if (numbers !== wanted) world.violate('a recording has every segment once', `${truth.id}/${rendition}: ${numbers}, published: ${wanted}`)
    if (rendition === 'audio') continue
    if (!truth.expected.isWhole(frames)) world.violate('every stored frame is in MEDIA once and in order', `${truth.id}/${rendition}: ${frames} of ${truth.expected.count} frames`)
    const recorded = own.flatMap(({ objectKey }) => framesIn(store.objects.get(objectKey ?? '') ?? new Uint8Array()))
    if (!truth.expected.matches(recorded)) world.violate('the recording is every stored frame, once and in order', `${truth.id}/${rendition}: ${recorded.length} of ${truth.expected.count} frames`)
  }
  if (!truth.expected.isWhole(0) && truth.media.renditions.size === 0) world.violate('every stored frame is in MEDIA once and in order', `${truth.id}: none of ${truth.expected.count}`)
}

/** What is lacking is said to be, and nothing is that is not. */
const checkLosses = (world: World, { id, media, damages, poisoned }: StreamTruth): void => {
  const { lostChunks = 0n, poisonChunks = 0n, losses = [] } = media.head?.record.checkpoint ?? {}
  const told = losses.map(({ kind, firstSeq, chunks }) => `${LossKind[kind]} of ${chunks} at ${firstSeq}`).join()
  if (Number(lostChunks) < damages || (damages === 0 && lostChunks > 0n)) world.violate('what is lost is recorded, and nothing else', `${id}: ${lostChunks} chunks, ${damages} damaged records; ${told}`)
  if (poisoned !== 'Perhaps' && (poisoned === 'Yes') !== poisonChunks > 0n) world.violate('what is lost is recorded, and nothing else', `${id}: ${poisonChunks} poison chunks, stored: ${poisoned}; ${told}`)
}
