import { SOURCE_KEYFRAME_HEAD_BYTES_MAX } from '../limits.ts'
import { readAv1 } from './av1.ts'
import { readAnnexB, readLengthPrefixed } from './h264.ts'
import type { KeyframeHead } from './keyframeHead.ts'
import type { VideoCodec } from './sourceFacts.ts'
import { readVp8, readVp9 } from './vpx.ts'

/** How the frames of a video track are to be read. */
export interface VideoFormat {
  readonly codec: VideoCodec
  /** H.264: bytes of the length before each NAL unit, 0 for start codes (Annex B). */
  readonly nalLengthBytes: number
  /** Whether the source's header carries the parameters, so that a keyframe without them can be decoded. */
  readonly headerParameters: boolean
}

/** How many bytes of a frame of `size` bytes are looked at. */
export const headBytes = (size: number): number => Math.min(size, SOURCE_KEYFRAME_HEAD_BYTES_MAX)

/** Reads the head of a frame; undefined means that more bytes are needed. `whole`: no more will come, the answer must be given. */
export const readKeyframeHead = (format: VideoFormat, bytes: Uint8Array, whole: boolean): KeyframeHead | undefined => {
  switch (format.codec) {
    case 'h264':
      return format.nalLengthBytes === 0 ? readAnnexB(bytes, whole) : readLengthPrefixed(bytes, format.nalLengthBytes, whole)
    case 'vp8':
      return readVp8(bytes, whole)
    case 'vp9':
      return readVp9(bytes, whole)
    case 'av1':
      return readAv1(bytes, whole)
  }
}

/** Codec parameters as the stream's keyframes gave them so far; undefined before the first. */
export type ParametersInEffect = string | undefined

/** What a keyframe means for the stream. */
export interface Judged {
  readonly randomAccess: boolean
  readonly changed: boolean
  readonly parameters: ParametersInEffect
}

/**
 * Compares a keyframe with the parameters in effect. One without parameters of its own can be decoded from the header,
 * unless others came in the stream since.
 */
export const judgeKeyframe = (format: VideoFormat, head: KeyframeHead, inEffect: ParametersInEffect): Judged => {
  if (!head.key) return { randomAccess: false, changed: false, parameters: inEffect }
  if (head.parameters === '') {
    return { randomAccess: format.headerParameters && inEffect === undefined, changed: false, parameters: inEffect }
  }
  return { randomAccess: true, changed: inEffect !== undefined && inEffect !== head.parameters, parameters: head.parameters }
}
