/** What the browser's tab remembers of the stream that it publishes, so that a reload can go on with it. Pure but for the storage that is opened. */

/** A stream that this tab has begun and not ended. */
export interface KeptStream {
  readonly recordingId: string
  readonly publisherToken: string
  readonly title: string
  /** When it began, ms since 1970. */
  readonly startedAt_ms: number
}

/** A tab's storage: it survives a reload, and other tabs do not see it. */
export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Opens it; throws where the browser lets pages keep nothing. */
export type OpenStorage = () => TabStorage

/** The storage of the tab that this page is in. */
export const tabStorage: OpenStorage = () => sessionStorage

const place = 'millrace.publishing'

/** Reads what is kept; `undefined`: nothing, or nothing readable. */
export const readKept = (open: OpenStorage): KeptStream | undefined => {
  try {
    const value: unknown = JSON.parse(open().getItem(place) ?? 'null')
    if (typeof value !== 'object' || value === null) return undefined
    const { recordingId, publisherToken, title, startedAt_ms } = value as Readonly<Record<string, unknown>>
    if (typeof recordingId !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(recordingId)) return undefined
    if (typeof publisherToken !== 'string' || typeof title !== 'string' || typeof startedAt_ms !== 'number') return undefined
    return { recordingId, publisherToken, title, startedAt_ms }
  } catch (error) {
    console.warn('What this tab remembers of its stream cannot be read.', error)
    return undefined
  }
}

/** Keeps a stream, or forgets the one that is kept. A browser that keeps nothing offers nothing after a reload. */
export const writeKept = (open: OpenStorage, kept: KeptStream | undefined): void => {
  try {
    if (kept === undefined) open().removeItem(place)
    else open().setItem(place, JSON.stringify(kept))
  } catch (error) {
    console.warn('This tab cannot remember its stream.', error)
  }
}
