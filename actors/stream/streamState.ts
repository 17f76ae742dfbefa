import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import type { Loss } from '../../proto/gen/millrace/v1/loss_pb.js'
import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import type { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { RuntimeAction, RuntimeMessage } from '../../runtime/Behavior.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import type { FfmpegEvent } from '../ffmpeg/FfmpegChild.ts'
import type { FfmpegPlan } from '../ffmpeg/plan.ts'
import type { ReadFrame } from '../inbox/ingestRecord.ts'
import type { Packager } from '../packager/packager.ts'
import type { Container, RandomAccessPoint, SourceIndex, SourceItem, SourceTracks } from '../source/sourceIndex.ts'
import type { StreamSettingsShape } from './StreamSettings.ts'
import type { Pictures } from './pictures.ts'
import type { Waiting } from './waiting.ts'
import type { Arrival } from './wallClock.ts'

/** What a stream actor hears beside what the runtime tells every actor. */
export type StreamMessage =
  | { readonly _tag: 'Child'; readonly run: number; readonly event: FfmpegEvent }
  /** The entry asked for with `Describe` is written. */
  | { readonly _tag: 'Described'; readonly final: boolean }
  /** What was given to `Park` is stored, or will never be. */
  | { readonly _tag: 'Parked' }
  /** How full the stream's logs are was looked at. */
  | { readonly _tag: 'Space'; readonly space: Space }

/** Shares, 0 to 1, of the bytes that the logs of a stream hold, and the bytes that fragments may take of the second until they are looked at again. */
export interface Space {
  readonly inbox: number
  readonly outbox: number
  readonly room_bytes: number
}

/** What a stream actor wants done beside what the runtime does for every actor. */
export type StreamAction =
  | { readonly _tag: 'Spawn'; readonly run: number; readonly plan: FfmpegPlan }
  /** `frames`: how many have begun since the bytes before. */
  | { readonly _tag: 'Feed'; readonly run: number; readonly bytes: Uint8Array; readonly frames?: number }
  | { readonly _tag: 'EndInput'; readonly run: number }
  /** Appends `End` to the inbox: only if its head is still `ifHead`, where that is given. */
  | { readonly _tag: 'EndIngest'; readonly reason: EndReason; readonly ifHead: number | undefined }
  /** Writes the stream's entry for everyone to see. */
  | { readonly _tag: 'Describe'; readonly status: StreamStatus; readonly reason: string; readonly record: MediaRecord; readonly final: boolean }
  /** Keeps a record of the inbox as a dead letter; `context` is what has to come before it. */
  | { readonly _tag: 'Park'; readonly reason: string; readonly entry: LogEntry; readonly context: Uint8Array }
  /** Says that chunks are missing or damaged. */
  | { readonly _tag: 'Warn'; readonly reason: string }

export type Message = StreamMessage | RuntimeMessage
export type Action = StreamAction | RuntimeAction<MediaRecord>

/** What never changes in an activation. */
export interface StreamConfig {
  readonly id: string
  readonly token: number
  /** Where this activation began to read its inbox. */
  readonly resumeSeq: number
  readonly settings: StreamSettingsShape
  /** Largest message of the server, bytes. */
  readonly messageBytesMax: number
}

/** Where a successor would begin to read. */
export type ResumePoint =
  | { readonly _tag: 'Start'; readonly ingestSeq: number }
  | { readonly _tag: 'Point'; readonly point: RandomAccessPoint }

/** One FFmpeg child and the piece of source that it gets: from a header or random-access point to a change, or the end. */
export interface Run {
  readonly number: number
  /**
   * Gathering: bytes wait for the first keyframe. Feeding: FFmpeg runs. Draining: it has had its last byte.
   * Over: its last frame has come out.
   */
  readonly phase: 'Gathering' | 'Feeding' | 'Draining' | 'Over'
  /** The run begins with a new header in the middle of its epoch. */
  readonly inMiddle: boolean
  readonly gathered: ReadonlyArray<Uint8Array>
  readonly queuedBytes: number
  /** Renditions that FFmpeg was asked for. */
  readonly renditions: ReadonlyArray<string>
  /** Those renditions that have given nothing are waited for no longer. */
  readonly startWaited: boolean
  /** No video: none in the header, or none came. */
  readonly audioOnly: boolean
  /** The run begins without pictures, although the header promises them: they have gone. */
  readonly withoutPictures: boolean
  /** Which picture of what is fed is the one that stands while there are no others. */
  readonly lastPicture: number | undefined
  /** Set while a still stands for pictures: when its next frame is due on the timeline (90 kHz ticks), and how long one lasts. */
  readonly still: { readonly next: number; readonly step: number } | undefined
  readonly pictures: Pictures | undefined
  /** Pictures that came while there was no keyframe to begin with. */
  readonly passedOver: number
  /** Source time of the first audio frame, 90 kHz ticks. */
  readonly firstAudio: number | undefined
  /** Whether a frame was placed on the timeline. */
  readonly placed: boolean
  /** The run begins behind something that is lost, or a leap: frames that were passed over before it. */
  readonly found: { readonly frames: number } | undefined
  /** Candidates for the checkpoint, oldest first; the first is the one in force. */
  readonly points: ReadonlyArray<RandomAccessPoint>
  /** Frames that are not in the log yet. */
  readonly waiting: Waiting
  /** How late its pictures come. */
  readonly arrival: Arrival | undefined
}

/** The byte stream being read. */
export interface Source {
  readonly epoch: number
  readonly mimeType: string
  readonly container: Container
  readonly index: SourceIndex
  readonly header: Uint8Array | undefined
  readonly tracks: SourceTracks
  /** Source time 0 on the timeline, ms. */
  readonly offset_ms: number
  readonly offsetKnown: boolean
  /** What the next record of the inbox must be; undefined: whatever comes first. */
  readonly expected: { readonly seq: number; readonly piece: number } | undefined
  /** The chunk being read, or, before the first, the one to resume with. */
  readonly reading: number
  /** Where chunks, and pieces of them, begin: the record of the inbox, the byte of the epoch. Those from the record to resume at on. */
  readonly spots: ReadonlyArray<{ readonly ingestSeq: number; readonly offset: number; readonly chunk: number }>
  /** The header is lost: nothing of the epoch can be read. */
  readonly unreadable: boolean
  /** A record of the inbox that cannot be decoded: what comes next tells whether it was a chunk. */
  readonly doubt: number | undefined
  /** Wall clock of the edge when the chunk being read came, and of the log when it stored it; ms since 1970. */
  readonly receivedAt_ms: number
  readonly storedAt_ms: number
}

/** A frame of a record of the inbox; or all of a record that is damaged. */
export interface UnreadFrame extends ReadFrame {
  readonly entry: LogEntry
  readonly damaged: boolean
}

/** What follows once the run that drains is over. */
export type Next =
  | { readonly _tag: 'Epoch'; readonly epoch: number; readonly mimeType: string; readonly ingestSeq: number }
  /** The same source from a point on, for a new FFmpeg; `without` pictures, of which those were the last. */
  | { readonly _tag: 'Again'; readonly point: RandomAccessPoint; readonly without?: Pictures; readonly passedOver?: number }
  /** The source began anew within its epoch. */
  | { readonly _tag: 'Restarted'; readonly ingestSeq: number }
  /** The next place where the source can be gone on with; `leap`: at another time. */
  | { readonly _tag: 'Seek'; readonly leap: boolean }
  /** Nothing more of this epoch. */
  | { readonly _tag: 'Unreadable'; readonly ingestSeq: number }
  | { readonly _tag: 'End'; readonly reason: EndReason; readonly detail: string }

/** The stream actor. */
export interface StreamState {
  readonly config: StreamConfig
  readonly packager: Packager
  readonly source: Source | undefined
  readonly run: Run | undefined
  readonly resume: ResumePoint
  /** The first run goes on with frames that an earlier owner has published. */
  readonly resumed: boolean
  readonly next: Next | undefined
  /** Entries delivered and not read, and the rest of the one in hand: its frames, and what the one in hand is made of. */
  readonly backlog: ReadonlyArray<LogEntry>
  readonly backlogBytes: number
  readonly frames: ReadonlyArray<UnreadFrame>
  readonly items: ReadonlyArray<SourceItem>
  /** Frames that have begun in the source since FFmpeg was fed last. */
  readonly begun: number
  readonly newestSeq: number
  /** Records to append; the first is on its way when `appending`. */
  readonly outgoing: ReadonlyArray<MediaRecord>
  readonly appending: boolean
  /** Sequence of the first piece, while the pieces of one record are being appended; else 0. */
  readonly firstPieceSeq: number
  /** Checkpoint of the last record stored. */
  readonly stored: Checkpoint | undefined
  /**
   * From a chunk's being stored to its media's being stored, recently, by the clocks that tell of each: the log's wall clock of
   * the former, the monotonic clock of the latter. Undefined before the first.
   */
  readonly storedLater_ms: number | undefined
  /** FFmpeg has paused since the last frame. */
  readonly quiet: boolean
  /** Announcements on their way, by ticket. */
  readonly announcing: ReadonlySet<string>
  /** Losses behind which the stream has not gone on yet: not in any checkpoint. Chunks before `missingUntil` are counted. */
  readonly missing: ReadonlyArray<Loss>
  readonly missingUntil: number
  /** The newest losses, how many there were in this activation and of how many of those everyone was told. */
  readonly losses: ReadonlyArray<Loss>
  readonly lossesCount: number
  readonly lossesTold: number
  readonly lostChunks: number
  readonly poisonChunks: number
  /** Set while what broke FFmpeg again and again is passed over: why, bytes parked so far, the newest record that was, and letters on their way. */
  readonly poison: { readonly reason: string; readonly bytes: number; readonly parkedSeq: number } | undefined
  readonly parking: number
  /** FFmpeg has died suddenly: the activation ends once what it gave before is in the log. */
  readonly dying: { readonly reason: string; readonly broke: boolean } | undefined
  readonly beginTicks: number | undefined
  readonly closing: 'No' | 'Recorded' | 'Describing'
  readonly failure: string
  readonly draining: boolean
  /** As last looked at. */
  readonly space: Space
  /** Which segment was the newest, and since when, as long as viewers may not have seen all of them. */
  readonly shown: ReadonlyArray<{ readonly msn: number; readonly since_ms: number }>
  /** Renditions that everyone has been told of. */
  readonly described: string
}
