import { create } from '@bufbuild/protobuf'
import { type Checkpoint, CheckpointSchema, RenditionCheckpointSchema, SegmentStartSchema, TrackKind, type RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { InitInfo } from '../fmp4/readInit.ts'
import { emptySegmentation } from '../packager/segmentation.ts'
import { newPackager, type Packager, type PackagerSettings } from '../packager/packager.ts'
import { HALF_MS_PER_SECOND, type Track } from '../packager/track.ts'

/** The packager's share of a checkpoint: all that is published, nothing that waits. */
export const writePackager = (packager: Packager): Checkpoint =>
  create(CheckpointSchema, {
    renditions: packager.tracks.filter(({ frames }) => frames > 0).map((track) => writeTrack(track, packager)),
    anchorWallMs: BigInt(packager.anchor?.wall_ms ?? 0),
    anchorTicks: BigInt(Math.round(packager.anchor?.ticks ?? 0)),
    partTargetUs: packager.partTarget_us,
    unannounced: [...packager.unannounced],
    windowStartSeq: BigInt(packager.segmentation.starts[0]?.firstSeq ?? 0),
    windowStartMsn: packager.windowStartMsn,
    discontinuities: packager.discontinuities,
    segments: packager.segmentation.starts.map(({ start, firstSeq }) => create(SegmentStartSchema, { start: BigInt(Math.round(start)), firstSeq: BigInt(firstSeq) })),
    shortParts: packager.shortParts,
    openedMsn: packager.openedMsn
  })

/** The packager as a checkpoint has it. Frame times seen before are not in it: what is undecided is seen again. */
export const readPackager = (checkpoint: Checkpoint | undefined, settings: PackagerSettings): Packager => {
  const fresh = newPackager(settings)
  if (checkpoint === undefined || checkpoint.renditions.length === 0) return fresh
  const discontinued = checkpoint.renditions.every(({ lastPts }) => lastPts < 0n)
  const starts = checkpoint.segments.map(({ start, firstSeq }) => ({ start: Number(start), firstSeq: Number(firstSeq) }))
  return {
    ...fresh,
    tracks: checkpoint.renditions.map(readTrack),
    segmentation: { ...emptySegmentation(settings.segment_ms, checkpoint.windowStartMsn), starts, fresh: discontinued },
    partTarget_us: checkpoint.partTargetUs,
    frameInterval_us: Math.max(...checkpoint.renditions.map(({ frameIntervalUs }) => frameIntervalUs)),
    discontinuities: checkpoint.discontinuities,
    shortParts: checkpoint.shortParts,
    unannounced: checkpoint.unannounced,
    windowStartMsn: checkpoint.windowStartMsn,
    openedMsn: checkpoint.openedMsn,
    anchor: checkpoint.anchorWallMs === 0n ? undefined : { wall_ms: Number(checkpoint.anchorWallMs), ticks: Number(checkpoint.anchorTicks) }
  }
}

const writeTrack = (track: Track, packager: Packager): RenditionCheckpoint => {
  const { info } = track.init
  return create(RenditionCheckpointSchema, {
    name: track.name,
    kind: info.kind === 'video' ? TrackKind.VIDEO : TrackKind.AUDIO,
    msn: track.msn,
    part: track.part,
    timescale: info.timescale,
    segmentStart: BigInt(track.segmentStart),
    partStart: BigInt(track.partStart),
    nextDts: BigInt(track.nextDts),
    lastPts: BigInt(track.lastPts),
    lastDts: BigInt(track.lastDts),
    frames: BigInt(track.frames),
    init: track.init.number,
    codec: info.codec,
    width: info.width ?? 0,
    height: info.height ?? 0,
    channels: info.channels ?? 0,
    sampleRate: info.sampleRate ?? 0,
    bandwidth: track.bandwidth,
    frameIntervalUs: info.kind === 'video' ? packager.frameInterval_us : 0,
    segmentFirstSeq: BigInt(track.segmentFirstSeq),
    segmentFrames: track.segmentFrames,
    segmentBytes: BigInt(track.segmentBytes),
    fragment: track.fragment,
    initCrc32c: track.init.crc32c,
    configCrc32c: info.config_crc32c ?? 0
  })
}

const readTrack = (saved: RenditionCheckpoint): Track => ({
  name: saved.name,
  init: { number: saved.init, crc32c: saved.initCrc32c, info: readInfo(saved), bytes: undefined, written: false, due: false },
  msn: saved.msn,
  part: saved.part,
  started: saved.lastPts >= 0n,
  segmentStart: Number(saved.segmentStart),
  partStart: Number(saved.partStart),
  nextDts: Number(saved.nextDts),
  lastDts: Number(saved.lastDts),
  resumedAt: resumedAt(saved),
  lastPts: Number(saved.lastPts),
  frames: Number(saved.frames),
  fragment: saved.fragment,
  bandwidth: saved.bandwidth,
  bandwidthMeasured: saved.msn > 0,
  segmentFirstSeq: Number(saved.segmentFirstSeq),
  segmentFrames: saved.segmentFrames,
  segmentBytes: Number(saved.segmentBytes),
  pending: [],
  filler: undefined
})

/** How long the picture published last lasts may have been a guess, so its own time counts: `receive` then takes whatever is later. */
const resumedAt = ({ kind, lastPts, lastDts, nextDts, timescale }: RenditionCheckpoint): number => {
  if (kind === TrackKind.AUDIO) return Number(nextDts)
  return lastPts >= 0n ? Number(lastDts) + Math.floor(timescale / HALF_MS_PER_SECOND) + 1 : 0
}

const readInfo = (saved: RenditionCheckpoint): InitInfo =>
  saved.kind === TrackKind.VIDEO
    ? { kind: 'video', timescale: saved.timescale, codec: saved.codec, width: saved.width, height: saved.height, ...(saved.configCrc32c === 0 ? {} : { config_crc32c: saved.configCrc32c }) }
    : { kind: 'audio', timescale: saved.timescale, codec: saved.codec, channels: saved.channels, sampleRate: saved.sampleRate }
