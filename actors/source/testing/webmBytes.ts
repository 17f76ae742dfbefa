import { Id } from '../webmIds.ts'

const bigEndian = (value: number): ReadonlyArray<number> => (value < 256 ? [value] : [...bigEndian(Math.floor(value / 256)), value % 256])

/** One EBML element; its size takes four bytes. */
export const element = (id: number, ...content: ReadonlyArray<Uint8Array | ReadonlyArray<number>>): Uint8Array => {
  const body = content.flatMap((part) => Array.from(part))
  return Uint8Array.from([...bigEndian(id), 0x10 | (body.length >> 24), (body.length >> 16) & 255, (body.length >> 8) & 255, body.length & 255, ...body])
}

/** The head of a master element whose size is unknown. */
export const openElement = (id: number): Uint8Array => Uint8Array.from([...bigEndian(id), 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'))

/** A header with a VP8 track (number 1) and an Opus track (number 2), times in milliseconds. */
export const vp8OpusHeader: Uint8Array = Uint8Array.from([
  ...element(Id.ebml, element(0x4282, text('webm'))),
  ...openElement(Id.segment),
  ...element(Id.info, element(Id.timestampScale, bigEndian(1_000_000))),
  ...element(
    Id.tracks,
    element(Id.trackEntry, element(Id.trackNumber, [1]), element(Id.trackType, [1]), element(Id.codecId, text('V_VP8')), element(Id.video, element(Id.pixelWidth, [64]), element(Id.pixelHeight, [48]))),
    element(Id.trackEntry, element(Id.trackNumber, [2]), element(Id.trackType, [2]), element(Id.codecId, text('A_OPUS')), element(Id.audio, element(Id.channels, [1]))),
  ),
])

/** A Cluster of unknown size that begins at `timecode`, below 65,536. */
export const openCluster = (timecode: number): Uint8Array => Uint8Array.from([...openElement(Id.cluster), ...element(Id.timestamp, [timecode >> 8, timecode & 255])])

/** The content of a block; `flags`: 0x80 keyframe, lacing in bits 1 and 2. */
export const blockContent = (track: number, time: number, flags: number, payload: ReadonlyArray<number>): ReadonlyArray<number> => [
  0x80 | track, (time >> 8) & 255, time & 255, flags, ...payload,
]

/** A VP8 keyframe's first bytes and one more. */
export const vp8Keyframe = (width: number, height: number): ReadonlyArray<number> => [0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8, 7]

/** A VP8 frame that depends on others. */
export const vp8Interframe: ReadonlyArray<number> = [0x11, 0, 0, 1, 2, 3]

/** An Opus packet of 20 ms: CELT, full band, one frame. */
export const opus20ms: ReadonlyArray<number> = [0xf8, 1, 2, 3]
