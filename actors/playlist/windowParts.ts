import type { Checkpoint, RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { OpenPart, Part, Place, PlacedFragment, RecordFacts, RenditionWindow, Segment, LiveWindow } from './liveWindow.ts'
import type { WindowProblem } from './windowProblem.ts'

const TICKS_PER_S = 90_000

/** One record on its way into the window. */
export interface Step {
  readonly window: LiveWindow
  readonly checkpoint: Checkpoint
  readonly facts: RecordFacts
  readonly problems: Array<WindowProblem>
  readonly added: Array<PlacedFragment>
  /** First record that holds bytes of what is applied: that of the first piece, where there are pieces. */
  readonly firstSeq: number
  /** The window's first record; `beginsInGap`: and records before it are lost. */
  readonly isFirst: boolean
  readonly beginsInGap: boolean
  completed: number
}

/** What the step's checkpoint says of a rendition. */
export const describedIn = ({ checkpoint }: Step, name: string): RenditionCheckpoint | undefined => checkpoint.renditions.find((described) => described.name === name)

/** Where a rendition's segment begins by the step's checkpoint, in ticks; undefined where it does not say. Exact for the segment being written. */
export const startIn = ({ checkpoint }: Step, { msn: writing, segmentStart, timescale }: RenditionCheckpoint, msn: number): number | undefined => {
  if (msn === writing) return Number(segmentStart)
  const found = checkpoint.segments[msn - checkpoint.windowStartMsn]
  return found === undefined ? undefined : (Number(found.start) * timescale) / TICKS_PER_S
}

/** Puts a segment that begins at `start` ticks behind all others of its rendition. */
export const putSegment = ({ checkpoint, window }: Step, rendition: RenditionWindow, described: RenditionCheckpoint, msn: number, start: number): Segment => {
  const { timescale, init } = described
  const ticks90k = (start * TICKS_PER_S) / timescale
  const segment: Segment = {
    msn,
    timescale,
    init,
    discontinuities: checkpoint.discontinuities + window.losses,
    behindLoss: rendition.behindLoss,
    programDateTime_ms: Number(checkpoint.anchorWallMs) + (ticks90k - Number(checkpoint.anchorTicks)) / 90,
    parts: [],
    closed: false
  }
  rendition.behindLoss = false
  rendition.segments.set(msn, segment)
  return segment
}

/** Opens the next part of a segment. */
export const openPart = (step: Step, rendition: RenditionWindow, segment: Segment, start: number, independent: boolean): OpenPart => {
  const part: Part = {
    index: segment.parts.length,
    start,
    duration: 0,
    independent,
    frames: 0,
    firstSeq: step.firstSeq,
    lastSeq: step.facts.seq,
    bytes: 0,
    fragments: [],
    data: undefined,
    completion: undefined
  }
  segment.parts.push(part)
  return (rendition.open = { segment, part })
}

/** Makes the open part whole; the rendition goes on at `next`. */
export const completeOpen = (step: Step, rendition: RenditionWindow, next: Place): void => {
  const open = rendition.open
  if (open === undefined) return
  const { segment, part } = open
  const data = joined(part.fragments.map((fragment) => fragment.data))
  let at = 0
  for (const fragment of part.fragments) fragment.data = data.subarray(at, (at += fragment.data.byteLength))
  part.data = data
  step.window.bytes += data.byteLength
  part.completion = { at: step.facts, next }
  if (next.msn > segment.msn) segment.closed = true
  step.completed += 1
  rendition.newest = { msn: segment.msn, part: part.index }
  rendition.open = undefined
}

/** One buffer of many, each byte copied once. */
export const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
