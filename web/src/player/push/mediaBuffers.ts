/** MediaSource and its SourceBuffers, one for picture and one for sound. */
import type { Range } from './pushPosition.ts'
import type { TrackKind } from './watchMessage.ts'

/** What happens to the buffers. */
export interface BufferListener {
  readonly onOpen: () => void
  /** A SourceBuffer has done its work and is free. */
  readonly onAppended: (track: TrackKind) => void
  readonly onQuotaExceeded: (track: TrackKind) => void
  readonly onFailed: (reason: string) => void
}

/** Buffers of one playback in one video element. */
export interface MediaBuffers {
  readonly create: (tracks: ReadonlyArray<{ readonly track: TrackKind; readonly mimeType: string }>) => void
  readonly changeType: (track: TrackKind, mimeType: string) => void
  readonly append: (track: TrackKind, bytes: Uint8Array<ArrayBuffer>) => void
  readonly remove: (track: TrackKind, before_s: number) => void
  readonly end: () => void
  /** Where each track's buffer ends. */
  readonly ends_s: () => Partial<Record<TrackKind, number>>
  readonly close: () => void
}

declare global {
  interface Window {
    /** Safari's, which also iPhones have. */
    readonly ManagedMediaSource?: typeof MediaSource
  }
}

const h264 = 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"'
const implementation = (): typeof MediaSource | undefined => window.ManagedMediaSource ?? (typeof MediaSource === 'undefined' ? undefined : MediaSource)

/** Whether this browser can be given media piece by piece. */
export const canBuffer = (): boolean => implementation()?.isTypeSupported(h264) === true

/** The ranges of a video element or a SourceBuffer. */
export const rangesOf = (buffered: TimeRanges): ReadonlyArray<Range> => Array.from({ length: buffered.length }, (_, at) => ({ start_s: buffered.start(at), end_s: buffered.end(at) }))

/** Puts a new MediaSource into the video element. Whatever fails is told to the listener, until `close`. */
export const openBuffers = (video: HTMLVideoElement, listener: BufferListener): MediaBuffers => {
  const Source = implementation()
  if (Source === undefined) throw new Error('this browser has no MediaSource')
  const media = new Source()
  const url = URL.createObjectURL(media)
  const buffers = new Map<TrackKind, SourceBuffer>()
  let isClosed = false
  const failed = (error: unknown): void => void (isClosed || listener.onFailed(error instanceof Error ? error.message : String(error)))
  const attempt = (track: TrackKind, work: (buffer: SourceBuffer) => void): void => {
    const buffer = buffers.get(track)
    if (buffer === undefined || media.readyState !== 'open') return
    try {
      work(buffer)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') listener.onQuotaExceeded(track)
      else failed(error)
    }
  }
  const broken = (): void => failed(video.error?.message || 'the picture cannot be decoded')
  media.addEventListener('sourceopen', () => void (isClosed || (URL.revokeObjectURL(url), (media.duration = Number.POSITIVE_INFINITY), listener.onOpen())), { once: true })
  video.addEventListener('error', broken)
  video.disableRemotePlayback = true
  video.src = url
  return {
    create: (tracks) => {
      try {
        for (const { track, mimeType } of tracks) {
          const buffer = media.addSourceBuffer(mimeType)
          buffer.addEventListener('updateend', () => void (isClosed || listener.onAppended(track)))
          buffer.addEventListener('error', () => failed('a part of the stream cannot be read'))
          buffers.set(track, buffer)
        }
      } catch (error) {
        failed(error)
      }
    },
    changeType: (track, mimeType) => attempt(track, (buffer) => buffer.changeType(mimeType)),
    append: (track, bytes) => attempt(track, (buffer) => buffer.appendBuffer(bytes)),
    remove: (track, before_s) =>
      attempt(track, (buffer) => {
        if (before_s > 0 && buffer.buffered.length > 0) buffer.remove(0, before_s)
        else listener.onAppended(track)
      }),
    end: () => void (media.readyState === 'open' && media.endOfStream()),
    ends_s: () => {
      const ends: Partial<Record<TrackKind, number>> = {}
      if (media.readyState === 'open') for (const [track, buffer] of buffers) ends[track] = rangesOf(buffer.buffered).at(-1)?.end_s ?? 0
      return ends
    },
    close: () => {
      isClosed = true
      video.removeEventListener('error', broken)
      URL.revokeObjectURL(url)
      video.removeAttribute('src')
      video.load()
    },
  }
}
