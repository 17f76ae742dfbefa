import type { Sample } from '../fmp4/sample.ts'

/** Samples in an AAC frame. */
export const AAC_FRAME = 1_024

/** An AAC-LC frame of two channels in which nothing is heard, whatever comes before or behind it (ISO/IEC 14496-3, a pair of channels without spectral data). */
const SILENT_STEREO = Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80)

/** `count` frames of silence from `dts` on (ticks of the sample rate), one right behind the other. */
export const silence = (dts: number, count: number): ReadonlyArray<Sample> =>
  Array.from({ length: count }, (_, i) => ({ dts: dts + i * AAC_FRAME, cts: 0, duration: AAC_FRAME, keyframe: true, data: SILENT_STEREO }))
