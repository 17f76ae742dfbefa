import type { Fragments } from '../../../proto/gen/millrace/v1/media_pb.js'
import type { InitInfo } from '../../fmp4/readInit.ts'
import type { Sample } from '../../fmp4/sample.ts'
import { seededRandom } from '../../playlist/testing/seededRandom.ts'
import { endRun, endSegments, isReady, newPackager, type Packager, type PackagerSettings, pendingBytes, receiveInit, receiveSamples, recordStored, takeFragments, type TakeOptions } from '../packager.ts'
import { withFrame } from '../partTarget.ts'
import { onAudioFrame, onVideoFrame } from '../segmentation.ts'
import type { MadeUpSource } from './madeUpSource.ts'

export const settings: PackagerSettings = { part_ms: 250, segment_ms: 2_000, liveWindow_ms: 6_000 }

export const videoInfo: InitInfo = { kind: 'video', timescale: 90_000, codec: 'avc1.64001f', width: 640, height: 480 }
const audioInfo: InitInfo = { kind: 'audio', timescale: 48_000, codec: 'mp4a.40.2', channels: 2, sampleRate: 48_000 }

/** How FFmpeg's output and the log's answers come. */
export interface Delivery {
  readonly seed: number
  /** Source frames that arrive together, at most. */
  readonly batch: number
  /** Frames by which the rung comes behind the copy. */
  readonly rungLag: number
  readonly rung: boolean
}

/** A record as it went into the log. */
export interface TakenRecord {
  readonly seq: number
  readonly body: Fragments
  /** The packager as the record's checkpoint has it. */
  readonly packager: Packager
}

/** A packager being driven as a stream's actor drives it, and what came of it. */
export interface Rig {
  readonly source: MadeUpSource
  readonly delivery: Delivery
  readonly options: TakeOptions
  readonly log: Array<TakenRecord>
  packager: Packager
  seq: number
  /** Frames of the source that were seen. */
  seen: number
  /** Samples of each rendition that FFmpeg has given. */
  readonly given: Map<string, number>
}

export const openRig = (source: MadeUpSource, delivery: Delivery, packager: Packager = newPackager(settings)): Rig => ({
  source,
  delivery,
  options: { settings, alone: source.video.length === 0, ending: false, final: false, streamId: 'made-up', token: 1 },
  log: [],
  packager: { ...packager, anchor: packager.anchor ?? { wall_ms: 1_700_000_000_000, ticks: 900_000 } },
  seq: 0,
  seen: 0,
  given: new Map()
})

/** Renditions of the rig, with what FFmpeg makes of the source for each. */
export const renditionsOf = ({ source, delivery }: Pick<Rig, 'source' | 'delivery'>): ReadonlyArray<{ readonly name: string; readonly info: InitInfo; readonly samples: ReadonlyArray<Sample>; readonly lag: number }> => [
  ...(source.video.length === 0 ? [] : [{ name: 'source', info: videoInfo, samples: source.video, lag: 0 }]),
  ...(source.video.length === 0 || !delivery.rung ? [] : [{ name: '240p', info: { ...videoInfo, width: 320, height: 240 }, samples: source.video, lag: delivery.rungLag }]),
  ...(source.audio.length === 0 ? [] : [{ name: 'audio', info: audioInfo, samples: source.audio, lag: 0 }])
]

/** FFmpeg's init segments come. */
export const giveInits = (rig: Rig, names = renditionsOf(rig).map(({ name }) => name)): void => {
  for (const { name, info } of renditionsOf(rig).filter((one) => names.includes(one.name))) rig.packager = receiveInit(rig.packager, name, new TextEncoder().encode(`init of ${name}`), info)
}

/** Goes on until `records` are in the log or the source is at its end; then all that waits is taken too. */
export const play = (rig: Rig, records = Number.POSITIVE_INFINITY): void => {
  const random = seededRandom(rig.delivery.seed + rig.seq)
  while (rig.seen < rig.source.frames.length) {
    see(rig, 1 + Math.floor(random() * rig.delivery.batch))
    for (const { name, samples, lag } of renditionsOf(rig)) give(rig, name, samples, available(rig, name, samples) - lag)
    if (random() < 0.6 && isReady(rig.packager)) take(rig, false)
    if (rig.log.length >= records) return
  }
  for (const { name, samples } of renditionsOf(rig)) give(rig, name, samples, samples.length)
  rig.packager = endRun(rig.packager, 'open')
  while (pendingBytes(rig.packager) > 0) {
    take(rig, true)
    if (rig.log.length >= records) return
  }
}

/** The stream is over: what is open ends, under a sequence of its own. */
export const finish = (rig: Rig): void => {
  rig.packager = recordStored(endSegments(rig.packager, rig.options), (rig.seq += 1), rig.seq)
}

/** One record, and the log's answer. */
export const take = (rig: Rig, final: boolean): void => {
  const taken = takeFragments(rig.packager, { ...rig.options, final })
  if (taken === undefined) return
  rig.seq += 1
  rig.log.push({ seq: rig.seq, body: taken.body, packager: taken.packager })
  rig.packager = recordStored(taken.packager, rig.seq, rig.seq)
}

const see = (rig: Rig, count: number): void => {
  for (const frame of rig.source.frames.slice(rig.seen, rig.seen + count)) {
    const { packager } = rig
    const segmentation = frame.kind === 'video' ? onVideoFrame(packager.segmentation, frame.pts, frame.keyframe) : onAudioFrame(packager.segmentation, frame.pts, rig.options.alone)
    const estimate = frame.kind === 'video' && packager.partTarget_us === 0 ? withFrame(packager.estimate, frame.pts) : packager.estimate
    rig.packager = { ...packager, segmentation, estimate }
  }
  rig.seen = Math.min(rig.source.frames.length, rig.seen + count)
}

/** FFmpeg gives a frame once it has seen the one behind it. */
const available = (rig: Rig, name: string, samples: ReadonlyArray<Sample>): number => {
  const kind = name === 'audio' ? 'audio' : 'video'
  const newest = rig.source.frames.slice(0, rig.seen).findLast((frame) => frame.kind === kind)
  if (newest === undefined) return 0
  const due = kind === 'audio' ? (newest.at * 48) / 90 : newest.at
  const index = samples.findIndex(({ dts, duration }) => dts + duration > due)
  return index < 0 ? samples.length : index
}

const give = (rig: Rig, name: string, samples: ReadonlyArray<Sample>, until: number): void => {
  const from = rig.given.get(name) ?? 0
  if (until <= from) return
  rig.packager = receiveSamples(rig.packager, name, samples.slice(from, until))
  rig.given.set(name, until)
}
