import type { RenditionCheckpoint, TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Init } from '../../proto/gen/millrace/v1/media_pb.js'

/** A part's place: media sequence number of its segment, and its index there. */
export interface Place {
  readonly msn: number
  readonly part: number
}

/** The newest whole part of a rendition, as another rendition's playlist reports it. */
export interface Report extends Place {
  readonly rendition: string
}

/** What held when a record was applied: all that a playlist revision depends on beside its own parts. */
export interface RecordFacts {
  readonly seq: number
  /** First segment of the live window at that record. */
  readonly windowStartMsn: number
  /** One for each rendition with a whole part in the window. */
  reports: ReadonlyArray<Report>
}

/** How a part became whole. */
export interface Completion {
  readonly at: RecordFacts
  /** Where the rendition goes on, as far as that record tells. */
  readonly next: Place
}

/** A run of fragments. Times in ticks of its segment's timescale. */
export interface Part {
  readonly index: number
  readonly start: number
  duration: number
  readonly independent: boolean
  frames: number
  /** First and last record that hold bytes of it. */
  readonly firstSeq: number
  lastSeq: number
  bytes: number
  /** Bytes of it are lost or damaged, or its pictures need such bytes: the part is never served. */
  damaged: boolean
  /** Views of the records until the part is whole, then of `data`; empty once the bytes were dropped. */
  fragments: Array<Uint8Array>
  data: Uint8Array | undefined
  completion: Completion | undefined
}

/** A run of parts. */
export interface Segment {
  readonly msn: number
  readonly timescale: number
  /** Number of its init segment. */
  readonly init: number
  /** Discontinuities of the stream before it. */
  readonly discontinuities: number
  /** Wall clock of its start, ms since 1970. */
  readonly programDateTime_ms: number
  readonly parts: Array<Part>
  /** Ticks of a segment that is lost as a whole, and so has no parts; else 0. */
  readonly lostTicks: number
  closed: boolean
}

/** One rendition's share of the window. */
export interface RenditionWindow {
  readonly name: string
  readonly kind: TrackKind
  /** By media sequence number, ascending. */
  readonly segments: Map<number, Segment>
  readonly inits: Map<number, Init>
  /** The part that the next fragment may belong to. */
  open: { readonly segment: Segment; readonly part: Part } | undefined
  newest: Place | undefined
  /** Frames that the newest checkpoint counts; undefined before the first one. */
  frames: number | undefined
  /** Where the frame after the newest one is due, in ticks. */
  due: number
  /** Pictures are lost that those to come need: nothing is served until a part that begins with a picture of its own. */
  broken: boolean
}

/**
 * The live window of one stream: the fold of its MEDIA records. Only `applyRecord` and `dropBytes` change it.
 * Wherever a reader begins, the playlists of parts that it can render are the same bytes.
 */
export interface LiveWindow {
  readonly renditions: Map<string, RenditionWindow>
  /** The record that the first one applied must be, where that is known: else what lies between is lost. */
  readonly startSeq: number
  /** Whatever lies before this segment is not known, or not any more. */
  knownFrom: number
  /** Sequence of the newest record applied. */
  seq: number
  /** First segment of the window, as of the newest record. */
  windowStartMsn: number
  /** Microseconds; 0 until the stream's first media. */
  partTarget_us: number
  discontinuities: number
  /** Renditions as of the newest record, in playlist order. */
  described: ReadonlyArray<RenditionCheckpoint>
  end: RecordFacts | undefined
  /** Bytes of all parts held. */
  bytes: number
  pieces: PendingPieces | undefined
}

/** Pieces of one big record, waiting for the last. */
export interface PendingPieces {
  readonly firstSeq: number
  readonly pieces: number
  readonly data: Array<Uint8Array>
  bytes: number
}

/** A window of nothing. A late reader passes the window's first segment, and then applies records from the one that opened it, `startSeq`. */
export const openWindow = (startMsn = 0, startSeq = 0): LiveWindow => ({
  renditions: new Map(),
  startSeq,
  knownFrom: startMsn,
  seq: 0,
  windowStartMsn: startMsn,
  partTarget_us: 0,
  discontinuities: 0,
  described: [],
  end: undefined,
  bytes: 0,
  pieces: undefined
})

/** A whole or open part, if the window knows it. */
export const findPart = (window: LiveWindow, rendition: string, place: Place): Part | undefined =>
  window.renditions.get(rendition)?.segments.get(place.msn)?.parts[place.part]

/** A segment, if the window knows it. */
export const findSegment = (window: LiveWindow, rendition: string, msn: number): Segment | undefined =>
  window.renditions.get(rendition)?.segments.get(msn)

/** Lets go of a segment's bytes; what playlists say of it stays. Open parts keep theirs. Returns the bytes freed. */
export const dropBytes = (window: LiveWindow, segment: Segment): number => {
  let freed = 0
  for (const part of segment.parts) {
    if (part.data === undefined) continue
    freed += part.data.byteLength
    part.data = undefined
    part.fragments = []
  }
  window.bytes -= freed
  return freed
}

/** Duration of a run of parts, in ticks. */
export const ticksOf = (parts: ReadonlyArray<Part>): number => parts.reduce((ticks, part) => ticks + part.duration, 0)

/** Whether something of a segment is not there to be served, and never will be. */
export const hasGap = ({ parts, lostTicks }: Segment): boolean => lostTicks > 0 || parts.some(({ damaged }) => damaged)
