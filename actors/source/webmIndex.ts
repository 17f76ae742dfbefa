import { SOURCE_FRAME_BYTES_MAX, SOURCE_KEYFRAME_HEAD_BYTES_MAX, SOURCE_SKIPPED_BYTES_MAX } from '../limits.ts'
import { type AudioClock, stampAudio, stoppedAudioClock } from './audioClock.ts'
import { isRead, readElementHead, readUint } from './ebml.ts'
import { headBytes, judgeKeyframe, readKeyframeHead, type ParametersInEffect } from './keyframe.ts'
import type { KeyframeHead, PictureSize } from './keyframeHead.ts'
import type { RandomAccessPoint, SourceFact } from './sourceFacts.ts'
import { need, restart, stop, type Step, type UnitPosition } from './step.ts'
import { follow, isReasonableTime, toPts, type Timeline } from './timeline.ts'
import { readAudioBlock, readBlockHead, type BlockHead } from './webmBlock.ts'
import { readWebmHeader } from './webmHeader.ts'
import { besideBlocks, besideClusters, Id } from './webmIds.ts'
import type { WebmAudio, WebmTracks, WebmVideo } from './webmTracks.ts'

/** Where the parser is. Ends are offsets in the epoch's stream, `Infinity` for unknown sizes. */
export interface WebmState {
  /** Undefined until the header is complete. */
  readonly header?: WebmTracks
  readonly segmentEnd: number
  /** Undefined between Clusters. `timecode` is undefined until its Timestamp has come. */
  readonly cluster?: { readonly end: number; readonly timecode?: number }
  readonly clock: AudioClock
  readonly parameters: ParametersInEffect
  readonly timeline: Timeline
}

/** Before the first byte, and after a restart. */
export const freshWebm: WebmState = {
  segmentEnd: Number.POSITIVE_INFINITY,
  clock: stoppedAudioClock,
  parameters: undefined,
  timeline: {},
}

/** What FFmpeg gets before the bytes from a random-access point on: the header and a Cluster of unknown size with that point's timecode. */
export const webmPrefix = (header: Uint8Array, at: RandomAccessPoint): Uint8Array => {
  const cluster = [0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe7, 0x88, 0, 0, 0, 0, 0, 0, 0, 0]
  const prefix = new Uint8Array(header.length + cluster.length)
  prefix.set(header)
  prefix.set(cluster, header.length)
  new DataView(prefix.buffer).setBigUint64(prefix.length - 8, BigInt(at.position.clusterTimecode))
  return prefix
}

/** The state in which the bytes from a random-access point on are read; the reason when the header is not one. */
export const resumeWebm = (header: Uint8Array, at: RandomAccessPoint): WebmState | string => {
  const read = readWebmHeader(webmPrefix(header, at))
  if ('_tag' in read) return read._tag === 'Stop' ? read.reason : 'the stored header is incomplete'
  return {
    ...freshWebm,
    header: read,
    cluster: { end: Number.POSITIVE_INFINITY, timecode: at.position.clusterTimecode },
    clock: at.audioClock,
  }
}

const taken = (state: WebmState, unit: Uint8Array, length: number, facts: ReadonlyArray<SourceFact> = []): Step<WebmState> => {
  const head = Math.min(unit.length, length)
  return { _tag: 'Taken', state, facts, head, pass: length - head }
}

const stepHeader = (unit: Uint8Array, at: UnitPosition): Step<WebmState> => {
  const read = readWebmHeader(unit)
  if ('_tag' in read) return read
  const state: WebmState = {
    ...freshWebm,
    header: read,
    segmentEnd: at.offset + read.segmentEnd,
    cluster: { end: at.offset + read.clusterEnd },
  }
  return taken(state, unit, read.clusterStart, [{ _tag: 'Header', bytes: unit.slice(0, read.length), tracks: read.tracks }])
}

interface Block {
  readonly state: WebmState
  readonly header: WebmTracks
  readonly unit: Uint8Array
  readonly at: UnitPosition
  readonly head: BlockHead
  readonly clusterTimecode: number
  /** Whether FFmpeg can take the block for a keyframe; what it is, its payload says. */
  readonly mayBeKey: boolean
}

const pointAt = (block: Block, pts: number, size?: PictureSize): RandomAccessPoint => ({
  position: { ingestSeq: block.at.ingestSeq, offset: block.at.offset, clusterTimecode: block.clusterTimecode },
  pts,
  audioClock: block.state.clock,
  ...(size && { size }),
})

const stepVideo = (block: Block, video: WebmVideo): Step<WebmState> => {
  const { head, state, unit } = block
  let keyframe: KeyframeHead = { key: false }
  if (block.mayBeKey) {
    const wanted = head.payload + headBytes(head.end - head.payload)
    const read = readKeyframeHead(video, unit.subarray(head.payload, wanted), unit.length >= wanted)
    if (read === undefined) return need(Math.min(wanted, unit.length + 64))
    keyframe = read
  }
  const pts = toPts(block.clusterTimecode + head.relativeTime, block.header.ticksPerSecond)
  const judged = judgeKeyframe(video, keyframe, state.parameters)
  const point = pointAt(block, pts, keyframe.key ? keyframe.size : undefined)
  const facts: Array<SourceFact> = []
  const timeline = follow(state.timeline, 'video', video.codec, pts, facts)
  if (judged.changed) facts.push({ _tag: 'ParametersChanged', at: point })
  facts.push({ _tag: 'VideoFrame', pts, ...(judged.randomAccess && { randomAccess: point }) })
  return taken({ ...state, timeline, parameters: judged.parameters }, unit, head.end, facts)
}

const fitsInBlock = (clusterTimecode: number) => (ticks: number): boolean =>
  ticks - clusterTimecode >= -0x8000 && ticks - clusterTimecode <= 0x7fff

const stepAudio = (block: Block, audio: WebmAudio): Step<WebmState> => {
  const { head, state, unit, header } = block
  const samples = readAudioBlock(unit, head, audio)
  if ('_tag' in samples) return samples
  const total = samples.reduce((sum, count) => sum + count, 0)
  const stamp = block.clusterTimecode + head.relativeTime
  const rates = { ticksPerSecond: header.ticksPerSecond, sampleRate: audio.sampleRate }
  const counts = total > 0
  const stamped = counts ? stampAudio(state.clock, stamp, total, rates, fitsInBlock(block.clusterTimecode)) : { ticks: stamp, clock: state.clock }
  const facts: Array<SourceFact> = []
  const start = toPts(stamped.ticks, rates.ticksPerSecond)
  const timeline = follow(state.timeline, 'audio', undefined, start, facts)
  let before = 0
  samples.forEach((count, i) => {
    const pts = start + toPts(before, audio.sampleRate)
    facts.push({ _tag: 'AudioFrame', pts, duration: toPts(count, audio.sampleRate), ...(i === 0 && { point: pointAt(block, pts) }) })
    before += count
  })
  const step = taken({ ...state, timeline, clock: stamped.clock }, unit, head.end, facts)
  if (stamped.ticks === stamp || step._tag !== 'Taken') return step
  return { ...step, ...restamped(unit, head, stamped.ticks - block.clusterTimecode) }
}

/** The block's head alone is copied and given its new time; its payload is fed as it is. */
const restamped = (unit: Uint8Array, head: BlockHead, relativeTime: number) => {
  const replacement = unit.slice(0, head.payload)
  replacement[head.timeAt] = (relativeTime >> 8) & 0xff
  replacement[head.timeAt + 1] = relativeTime & 0xff
  return { replacement, head: head.payload, pass: head.end - head.payload }
}

const stepBlock = (state: WebmState, header: WebmTracks, unit: Uint8Array, at: UnitPosition, start: number, end: number, group: boolean): Step<WebmState> => {
  const clusterTimecode = state.cluster?.timecode
  if (clusterTimecode === undefined) return stop('a block comes before the Timestamp of its Cluster')
  const head = readBlockHead(unit, start, end)
  if ('_tag' in head) return head
  const block = { state, header, unit, at, head, clusterTimecode, mayBeKey: group || head.keyframe }
  if (header.video?.number === head.track) return stepVideo(block, header.video)
  if (header.audio?.number === head.track) return stepAudio(block, header.audio)
  return taken(state, unit, end)
}

/** Finds the Block in a group; what stands behind it there (duration, references, alpha) is fed unread. */
const stepBlockGroup = (state: WebmState, header: WebmTracks, unit: Uint8Array, at: UnitPosition, start: number, end: number): Step<WebmState> => {
  if (end - start > SOURCE_FRAME_BYTES_MAX) return stop(`a BlockGroup of ${end - start} bytes is larger than the ${SOURCE_FRAME_BYTES_MAX} allowed`)
  for (let child = start; ; ) {
    if (child >= end) return stop('a BlockGroup holds no Block', start)
    if (child - start > SOURCE_KEYFRAME_HEAD_BYTES_MAX) return stop('the Block of a BlockGroup comes too late in it', child)
    const head = readElementHead(unit, child)
    if (head === 'malformed') return stop('a BlockGroup is malformed', child)
    const content = child + (isRead(head) ? head.length : head.need)
    if (content > end) return stop('an element reaches beyond the BlockGroup that holds it', child)
    if (!isRead(head)) return need(content)
    if (head.size > end - content) return stop('an element reaches beyond the BlockGroup that holds it', child)
    if (head.id !== Id.block) {
      child = content + head.size
      continue
    }
    const step = stepBlock(state, header, unit, at, content, content + head.size, true)
    return step._tag === 'Taken' ? { ...step, pass: end - step.head, head: step.head } : step
  }
}

const stepTimestamp = (state: WebmState, header: WebmTracks, unit: Uint8Array, start: number, end: number): Step<WebmState> => {
  if (state.cluster === undefined || end - start > 8) return stop('a Cluster has a malformed Timestamp')
  if (unit.length < end) return need(end)
  const timecode = readUint(unit.subarray(start, end))
  if (!isReasonableTime(timecode, header.ticksPerSecond)) return stop(`a Cluster has the time ${timecode}, which is beyond reason`)
  return taken({ ...state, cluster: { ...state.cluster, timecode } }, unit, end)
}

const closed = ({ cluster: _, ...state }: WebmState): WebmState => state

/** Reads the unit that begins at `at`: an element's head and what of its content the index must know. */
export const stepWebm = (previous: WebmState, unit: Uint8Array, at: UnitPosition): Step<WebmState> => {
  const { header } = previous
  if (header === undefined) return stepHeader(unit, at)
  const state = previous.cluster !== undefined && at.offset >= previous.cluster.end ? closed(previous) : previous
  const head = readElementHead(unit, 0)
  if (head === 'malformed') return stop('the bytes here are no WebM element; chunks are missing or were sent out of order')
  if (!isRead(head)) return need(head.need)
  if (head.id === Id.ebml) return restart(freshWebm, at)
  const start = head.length
  const end = start + head.size
  if (at.offset >= state.segmentEnd && head.id !== Id.void) return stop('the stream goes on behind the end of its Segment')
  if (head.id === Id.cluster) {
    const clusterEnd = at.offset + end
    return taken({ ...closed(state), cluster: { end: clusterEnd } }, unit, start)
  }
  if (head.size === Number.POSITIVE_INFINITY) return stop(`an element of unknown size that must have one (id ${head.id.toString(16)})`)
  if (at.offset + end > Math.min(state.cluster?.end ?? Number.POSITIVE_INFINITY, state.segmentEnd)) return stop('an element reaches beyond the Cluster or Segment that holds it')
  if (state.cluster !== undefined) {
    if (head.id === Id.simpleBlock) return stepBlock(state, header, unit, at, start, end, false)
    if (head.id === Id.blockGroup) return stepBlockGroup(state, header, unit, at, start, end)
    if (head.id === Id.timestamp) return stepTimestamp(state, header, unit, start, end)
  }
  const beside = besideClusters.has(head.id)
  if (!beside && !(state.cluster !== undefined && besideBlocks.has(head.id))) {
    return stop(`an element that does not belong here (id ${head.id.toString(16)}); chunks are missing or were sent out of order`)
  }
  if (head.size > SOURCE_SKIPPED_BYTES_MAX) return stop(`an element of ${head.size} bytes is larger than the ${SOURCE_SKIPPED_BYTES_MAX} allowed`)
  return taken(beside && !besideBlocks.has(head.id) ? closed(state) : state, unit, end)
}
