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

/** One `moof` and `mdat` of a part. Times in ticks of its segment's timescale. */
export interface PartFragment {
  readonly start: number
  readonly duration: number
  /** Its first frame is a random-access point. */
  readonly independent: boolean
  /** A view of its record until the part is whole, then of the part's `data`. */
  data: Uint8Array
}

/** A fragment, and where the window has it. */
export interface PlacedFragment {
  readonly rendition: RenditionWindow
  readonly segment: Segment
  readonly part: Part
  readonly fragment: PartFragment
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
  /** Empty once the bytes were dropped. */
  fragments: Array<PartFragment>
  data: Uint8Array | undefined
  completion: Completion | undefined
}

/** A run of parts. */
export interface Segment {
  readonly msn: number
  readonly timescale: number
  /** Number of its init segment. */
  readonly init: number
  /** Discontinuities of the stream before it, losses among them. */
  discontinuities: number
  /** Media before it is lost. */
  behindLoss: boolean
  /** Wall clock of its start, ms since 1970. */
  readonly programDateTime_ms: number
  readonly parts: Array<Part>
  closed: boolean
}

/** A part that is being written, and its segment. */
export interface OpenPart {
  readonly segment: Segment
  readonly part: Part
}

/** One rendition's share of the window. */
export interface RenditionWindow {
  readonly name: string
  readonly kind: TrackKind
  /** By media sequence number, ascending. */
  readonly segments: Map<number, Segment>
  readonly inits: Map<number, Init>
  /** The part that the next fragment may belong to. */
  open: OpenPart | undefined
  newest: Place | undefined
  /** Frames that the newest checkpoint counts; undefined before the first one. */
  frames: number | undefined
  /** Media is lost since its newest part: the next one begins a segment. */
  behindLoss: boolean
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
  /** Nothing more is listed of segments up to this one: something is lost in it; -1 where nothing ever was. */
  lostThrough: number
  /** Losses between segments that are, or were, listed. */
  losses: number
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
  /** What the checkpoint of the first one says: how many frames there are before the record. */
  readonly before: ReadonlyArray<RenditionCheckpoint>
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
  lostThrough: -1,
  losses: 0,
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
