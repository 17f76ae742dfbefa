/** The two kinds of byte stream that a publisher may send. */
export type Container = 'webm' | 'mp4'

/** What an epoch is when the publisher does not say: what MediaRecorder makes by default. */
export const MIME_TYPE_DEFAULT = 'video/webm'

const ACCEPTED: ReadonlyMap<string, Container> = new Map([
  ['video/webm', 'webm'],
  ['video/x-matroska', 'webm'],
  ['audio/webm', 'webm'],
  ['video/mp4', 'mp4'],
  ['audio/mp4', 'mp4']
])

const essence = (mimeType: string): string => (mimeType.split(';', 1)[0] ?? '').trim().toLowerCase()

/** Container that a MIME type (with or without parameters) names, or undefined where it is none that Millrace takes. */
export const containerOf = (mimeType: string): Container | undefined => ACCEPTED.get(essence(mimeType))

/** Whether Millrace takes it. */
export const isMimeType = (mimeType: string): boolean => containerOf(mimeType) !== undefined

const EBML = [0x1a, 0x45, 0xdf, 0xa3]
const FTYP = [0x66, 0x74, 0x79, 0x70]
const FTYP_AT = 4

/** Bytes at the start of an epoch that tell its container. */
export const MAGIC_BYTES = FTYP_AT + FTYP.length

/**
 * Whether the first bytes of an epoch (at most `MAGIC_BYTES`, perhaps fewer so far) can be those of the container:
 * an EBML header (RFC 8794 §11.2.1) or an `ftyp` box (ISO/IEC 14496-12 §4.3).
 */
export const beginsLike = (container: Container, head: Uint8Array): boolean => {
  const [magic, at] = container === 'webm' ? [EBML, 0] : [FTYP, FTYP_AT]
  return magic.every((byte, index) => at + index >= head.length || head[at + index] === byte)
}
