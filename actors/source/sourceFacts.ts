import type { AudioClock } from './audioClock.ts'
import type { PictureSize } from './keyframeHead.ts'

/** What the byte stream of a publisher is wrapped in: WebM and Matroska, or fragmented MP4. */
export type Container = 'webm' | 'mp4'

/** Video codecs whose keyframes the index can read. */
export type VideoCodec = 'h264' | 'vp8' | 'vp9' | 'av1'

/** Audio codecs that FFmpeg is asked to decode. */
export type AudioCodec = 'opus' | 'aac' | 'vorbis' | 'mp3' | 'flac' | 'pcm'

/** Where a block (WebM) or `moof` (MP4) begins. */
export interface SourcePosition {
  /** Sequence on the ingest log of the record that holds its first byte. */
  readonly ingestSeq: number
  /** Byte offset in the epoch's stream: of the SimpleBlock or BlockGroup element, or of the `moof`. */
  readonly offset: number
  /** Timestamp of its Cluster in the source's ticks; 0 in MP4. */
  readonly clusterTimecode: number
}

/** A frame from which the stream can be read again, given the header. */
export interface RandomAccessPoint {
  readonly position: SourcePosition
  /** Presentation time of the frame, source time, 90 kHz ticks. */
  readonly pts: number
  /** The audio clock as it stood before that frame. */
  readonly audioClock: AudioClock
  /** Of a keyframe, where it says so itself; what a checkpoint names has none. */
  readonly size?: PictureSize
}

/** The first video and the first audio track of the source, the ones that are followed. */
export interface SourceTracks {
  readonly video?: {
    readonly codec: VideoCodec
    readonly width: number
    readonly height: number
    /** Ticks in a second of the time base that FFmpeg gives this stream. */
    readonly ticksPerSecond: number
  }
  readonly audio?: {
    readonly codec: AudioCodec
    /** Rate of the decoded samples. */
    readonly sampleRate: number
    readonly channels: number
    /** Ticks in a second of the time base that FFmpeg gives this stream. */
    readonly ticksPerSecond: number
  }
}

/** What the index learnt. All times are source time in 90 kHz ticks. */
export type SourceFact =
  /** The source's header, complete: WebM up to the first Cluster, MP4 up to the end of `moov`. It is fed too. */
  | { readonly _tag: 'Header'; readonly bytes: Uint8Array; readonly tracks: SourceTracks }
  | { readonly _tag: 'VideoFrame'; readonly pts: number; readonly randomAccess?: RandomAccessPoint }
  /**
   * `duration` is what the packet says of itself (WebM; 0 where the codec does not tell) or what `trun` says (MP4, where
   * Chromium gives a fragment's last packet a made-up one). `point`: where this frame can be read from; a place to resume
   * only in a source without video, or whose video has ended.
   */
  | { readonly _tag: 'AudioFrame'; readonly pts: number; readonly duration: number; readonly point?: RandomAccessPoint }
  /**
   * The codec parameters of the keyframe at this point differ from those in effect: an FFmpeg child of its own, begun with
   * `resumePrefix`, gets what follows. After a resume those of the first keyframe are in effect, so that a resume at this
   * very point does not tell it again.
   */
  | { readonly _tag: 'ParametersChanged'; readonly at: RandomAccessPoint }
  /** The source began again with a new header, whose fact follows: another FFmpeg child gets what follows. */
  | { readonly _tag: 'Restarted'; readonly at: { readonly ingestSeq: number; readonly offset: number } }
  /** Timestamps of a track went back or leapt ahead by more than the limits allow. Nothing more comes before `Found`. */
  | { readonly _tag: 'Jump'; readonly track: 'video' | 'audio'; readonly pts: number; readonly previous: number }
  /**
   * A place to go on, after a leap or a loss: an FFmpeg child of its own, begun with `resumePrefix`, gets what follows.
   * `frames` were passed over before it.
   */
  | { readonly _tag: 'Found'; readonly at: RandomAccessPoint; readonly frames: number }
  /** What follows cannot be read; nothing of it is fed. `reason` is meant for the publisher. */
  | { readonly _tag: 'Invalid'; readonly reason: string; readonly ingestSeq: number; readonly offset: number }

/** Bytes for FFmpeg's stdin. */
export interface Feed {
  readonly _tag: 'Feed'
  readonly bytes: Uint8Array
}

/** One entry of the list in byte order that comes out of a chunk: a fact stands before the bytes it is about. */
export type SourceItem = Feed | SourceFact
