/** Binary frames of `/ws/watch/{id}`: 16 bytes of header, big-endian, then an init segment or a fragment. Pure. */
import { isRecord, parseJson } from '../../api/json.ts'

/** What both kinds of frame say. */
interface Head {
  /** Index in the newest list of renditions. */
  readonly rendition: number
  /** Program date-time of its start, or of the fragment that follows an init segment; ms since 1970. */
  readonly startsAt_ms: number
}

/** What has to be appended before the fragments behind it. */
export interface InitFrame extends Head {
  readonly kind: 'init'
  /** For instance `video/mp4; codecs="avc1.64001f"`. */
  readonly mimeType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A `moof` with its `mdat`. */
export interface FragmentFrame extends Head {
  readonly kind: 'fragment'
  /** Decoding may begin here. */
  readonly isRandomAccess: boolean
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A binary frame. The payload is a view into the bytes it was read from. */
export type WatchFrame = InitFrame | FragmentFrame

/** Length of the header. */
export const header_bytes = 16

const kinds = { init: 1, fragment: 2 } as const
const flags = { randomAccess: 1 } as const

const mimeTypeIn = (text: string): string | undefined => {
  const description = parseJson(text)
  const mimeType = isRecord(description) ? description['mimeType'] : undefined
  return typeof mimeType === 'string' ? mimeType : undefined
}

const readInit = (head: Head, payload: Uint8Array<ArrayBuffer>): InitFrame | undefined => {
  if (payload.byteLength < 2) return undefined
  const length = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)
  if (payload.byteLength <= 2 + length) return undefined
  const mimeType = mimeTypeIn(new TextDecoder().decode(payload.subarray(2, 2 + length)))
  return mimeType === undefined ? undefined : { ...head, kind: 'init', mimeType, bytes: payload.subarray(2 + length) }
}

/** Reads a binary frame; `undefined`: it is none, or of a kind that is not known here. */
export const readFrame = (message: ArrayBuffer): WatchFrame | undefined => {
  if (message.byteLength <= header_bytes) return undefined
  const view = new DataView(message)
  const [kind, flag] = [view.getUint8(0), view.getUint8(1)]
  const startsAt_ms = view.getFloat64(8)
  if (!Number.isFinite(startsAt_ms)) return undefined
  const head: Head = { rendition: view.getUint16(2), startsAt_ms }
  const payload = new Uint8Array(message, header_bytes)
  if (kind === kinds.init) return readInit(head, payload)
  if (kind === kinds.fragment) return { ...head, kind: 'fragment', isRandomAccess: (flag & flags.randomAccess) !== 0, bytes: payload }
  return undefined
}
