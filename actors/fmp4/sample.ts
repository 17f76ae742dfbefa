/** One coded frame (video) or packet (audio) of a track, as it goes from FFmpeg's fragments into ours. */
export interface Sample {
  /** Decode time in track ticks, as in `tfdt`: video 90 000/s, audio 48 000/s. */
  readonly dts: number
  /** Composition offset in track ticks: presentation time is `dts + cts`. May be negative. */
  readonly cts: number
  /** In track ticks. */
  readonly duration: number
  /** A decoder may start here. True for every audio sample. */
  readonly keyframe: boolean
  /** The coded bytes: a view into the fragment that they came from, not a copy. */
  readonly data: Uint8Array
}
