import { createHmac } from 'node:crypto'
import { VIEWER_HASH_BYTES } from './limits.ts'

/** By what a viewer is known: the id that its page made up, else whom it seems to be. */
export type ViewerName =
  | { readonly _tag: 'Id'; readonly id: string }
  /** Viewers behind one address with the same browser count as one. */
  | { readonly _tag: 'Client'; readonly address: string; readonly userAgent: string }
  /** A socket that gave no id: `number` is no other's. */
  | { readonly _tag: 'Socket'; readonly number: number }

/** The id of whoever wants only a look, and does not count: a page that takes pictures of streams, a probe. */
export const NOBODY = 'none'

/**
 * What stands for a viewer of a stream, here and in events: it tells neither an address nor an id of the client's own, and
 * not whether the viewers of two streams are the same. `secret` is this process's own.
 */
export const viewerKey = (secret: Uint8Array, stream: string, name: ViewerName): string => {
  const text = name._tag === 'Id' ? name.id : name._tag === 'Socket' ? String(name.number) : `${name.address}\n${name.userAgent}`
  return createHmac('sha256', secret).update(`${stream}\n${name._tag}\n${text}`).digest().subarray(0, VIEWER_HASH_BYTES).toString('base64url')
}
