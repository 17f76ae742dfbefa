/** Name of the rendition that has the source's own size: copied, or encoded where the codec cannot be copied. */
export const SOURCE_RENDITION = 'source'

/** Name of the audio rendition. */
export const AUDIO_RENDITION = 'audio'

/** One output of FFmpeg, which is one rendition with one track. */
export type OutputPlan = CopyVideo | EncodeVideo | EncodeAudio | StillVideo | Silence

/** H.264 as it came. */
export interface CopyVideo {
  readonly _tag: 'CopyVideo'
  readonly rendition: string
}

/** H.264 encoded by x264, with a keyframe wherever the source has one. */
export interface EncodeVideo {
  readonly _tag: 'EncodeVideo'
  readonly rendition: string
  /** Pixels, even. A source of another shape is padded. */
  readonly width: number
  readonly height: number
  readonly bitrate_kbps: number
  /** First source tick that may come out, in the source stream's time base, without the timeline offset. */
  readonly trimStart?: number
}

/** AAC, stereo, 48 kHz. */
export interface EncodeAudio {
  readonly _tag: 'EncodeAudio'
  readonly rendition: string
  /** First sample that may come out: 48 kHz samples of source time, without the timeline offset. */
  readonly trimStart?: number
}

/** Some frames of one picture, encoded as a rung is, with a keyframe first. Their times mean nothing; the input's end adds one more. */
export interface StillVideo {
  readonly _tag: 'StillVideo'
  readonly rendition: string
  /** Pixels, even. */
  readonly width: number
  readonly height: number
  readonly bitrate_kbps: number
  /** Which picture of the input, counted from 0; undefined: a black one. */
  readonly picture: number | undefined
}

/** Some frames of silence, with the init segment that `EncodeAudio` gives. */
export interface Silence {
  readonly _tag: 'Silence'
  readonly rendition: string
}

/** What one FFmpeg child does with one epoch. */
export interface FfmpegPlan {
  /** Forces the demuxer: FFmpeg never guesses the format of foreign bytes. */
  readonly container: 'webm' | 'mp4'
  /** Added to every source timestamp: `tfdt` = source pts + this, in all renditions. */
  readonly timelineOffset_ms: number
  readonly outputs: ReadonlyArray<OutputPlan>
}
