/**
 * A viewer without a screen: follows one media playlist of a live stream or a recording over HTTP as RFC 8216bis asks
 * (blocking reload where it is offered), and downloads every part, or segment, once.
 */
import { setTimeout as delay } from 'node:timers/promises'
import HLS from 'hls-parser'
import type { types } from 'hls-parser'
import { type Answer, httpGet, RequestFailed } from './httpClient.ts'

/** One downloaded part or whole segment. */
export interface CapturedMedia {
  readonly msn: number
  /** Index in its segment; `undefined` for a whole segment. */
  readonly part: number | undefined
  readonly url: string
  readonly bytes: Uint8Array
  /** Address of its init segment. */
  readonly init: string
  readonly discontinuitySequence: number
  /** What the playlist says, in seconds. */
  readonly duration_s: number
  readonly independent: boolean
  /** When its last byte had come, ms since 1970. */
  readonly at_ms: number
}

/** What was downloaded, in playlist order, and what went wrong on the way. */
export interface Capture {
  readonly playlist: string
  readonly media: ReadonlyArray<CapturedMedia>
  /** Init segments by address. */
  readonly inits: ReadonlyMap<string, Uint8Array>
  /** The playlist said ENDLIST. */
  readonly ended: boolean
  /** Failed requests and segments that went away before they were read. */
  readonly complaints: ReadonlyArray<string>
  /** Parts, or whole segments, that the playlist lists as gaps. */
  readonly gaps: ReadonlyArray<Pick<CapturedMedia, 'msn' | 'part' | 'duration_s'>>
}

/** What to read. */
export interface ReadOptions {
  /** A rendition's folder name in the multivariant playlist, for instance `720p` or `audio`; default the first variant. */
  readonly rendition?: string
  /** `parts` (default) takes parts where they are listed; `segments` only whole segments. */
  readonly wanted?: 'parts' | 'segments'
  /** Stops after so long, in ms; default: when the playlist ends. */
  readonly for_ms?: number
  readonly signal?: AbortSignal
  readonly onMedia?: (media: CapturedMedia) => void
  /** Told of each media playlist as it came. */
  readonly onRevision?: (text: string) => void
  /** Told of each init segment before the first media that needs it. */
  readonly onInit?: (bytes: Uint8Array) => void
  /** Off for endless reading: the capture then holds no media. Default true. */
  readonly keeps?: boolean
  /** The first answer may be 404 for so long, in ms, because the stream is only beginning; default 15,000. */
  readonly patience_ms?: number
  /** How to get what an address names; default `httpGet`. Rejects with `RequestFailed`. */
  readonly get?: Get
}

type Get = (url: string) => Promise<Answer>

type MediaPlaylist = types.MediaPlaylist
type Segment = types.Segment

// Its warnings are not about what this client needs, and one of them is wrong.
HLS.setOptions({ silent: true })

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const isOverdue = (deadline_ms: number): boolean => performance.now() > deadline_ms

/** Gets a playlist, waiting while it is not there yet. */
const getPatiently = async (url: string, patience_ms: number, get: Get): Promise<{ url: string; body: string }> => {
  for (const deadline_ms = performance.now() + patience_ms; ; await delay(100)) {
    try {
      const answer = await get(url)
      return { url: answer.url, body: text(answer.bytes) }
    } catch (error) {
      if (!(error instanceof RequestFailed) || isOverdue(deadline_ms)) throw error
    }
  }
}

/** Addresses of all media playlists that a multivariant playlist names, with their renditions' folder names. */
export const renditionsOf = async (
  url: string,
  patience_ms = 15_000,
  get: Get = httpGet,
): Promise<ReadonlyArray<{ readonly name: string; readonly url: string }>> => {
  const { url: at, body } = await getPatiently(url, patience_ms, get)
  const playlist = HLS.parse(body)
  if (!playlist.isMasterPlaylist) return [{ name: '', url: at }]
  const uris = new Set<string>()
  for (const variant of playlist.variants) {
    uris.add(variant.uri)
    for (const audio of variant.audio) if (audio.uri !== undefined) uris.add(audio.uri)
  }
  return [...uris].map((uri) => {
    const full = new URL(uri, at)
    return { name: full.pathname.split('/').at(-2) ?? '', url: full.href }
  })
}

/** What media belongs to. */
type Place = Pick<CapturedMedia, 'init' | 'discontinuitySequence'>

/** A part, or a whole segment (no index). */
interface Wanted {
  readonly index: number | undefined
  readonly uri: string
  readonly duration_s: number
  readonly independent: boolean
}

/** The state of one reading: what has been taken, in order. */
class Reading {
  readonly media: Array<CapturedMedia> = []
  readonly inits = new Map<string, Uint8Array>()
  readonly complaints: Array<string> = []
  readonly gaps: Array<Capture['gaps'][number]> = []
  /** The next thing to take. */
  private msn = -1
  private part = 0
  private readonly base: string
  private readonly options: ReadOptions
  private readonly get: Get

  constructor(base: string, options: ReadOptions) {
    this.base = base
    this.options = options
    this.get = options.get ?? httpGet
  }

  /** Takes everything in this playlist that was not taken before. */
  async take(playlist: MediaPlaylist): Promise<void> {
    // Followed here, because the parser gives the open segment at the end neither of them.
    let place: Place = { init: '', discontinuitySequence: playlist.discontinuitySequenceBase ?? 0 }
    for (const segment of playlist.segments) {
      place = {
        init: segment.map ? new URL(segment.map.uri, this.base).href : place.init,
        discontinuitySequence: place.discontinuitySequence + (segment.discontinuity ? 1 : 0),
      }
      if (this.msn < 0) this.msn = segment.mediaSequenceNumber
      if (segment.mediaSequenceNumber < this.msn) continue
      if (segment.mediaSequenceNumber > this.msn) {
        this.complaints.push(`segments ${this.msn} to ${segment.mediaSequenceNumber - 1} went away unread`)
        this.msn = segment.mediaSequenceNumber
        this.part = 0
      }
      await this.takeSegment(segment, place)
    }
  }

  private async takeSegment(segment: Segment, place: Place): Promise<void> {
    const parts = segment.parts.filter((part) => !part.hint)
    if (this.options.wanted !== 'segments' && parts.length > 0) {
      for (const part of parts.slice(this.part)) {
        if (part.gap === true) this.gaps.push({ msn: this.msn, part: this.part, duration_s: part.duration ?? 0 })
        else await this.download(place, { index: this.part, uri: part.uri, duration_s: part.duration ?? 0, independent: part.independent ?? false })
        this.part++
      }
      if (!segment.uri) return
    } else if (!segment.uri) return
    else if (this.part > 0) this.complaints.push(`parts of segment ${this.msn} from ${this.part} on went away unread`)
    else if (segment.gap === true) this.gaps.push({ msn: this.msn, part: undefined, duration_s: segment.duration })
    else await this.download(place, { index: undefined, uri: segment.uri, duration_s: segment.duration, independent: true })
    this.msn++
    this.part = 0
  }

  private async download({ init, discontinuitySequence }: Place, { index, uri, duration_s, independent }: Wanted): Promise<void> {
    if (init !== '' && !this.inits.has(init)) {
      const header = await this.get(init)
      this.inits.set(init, header.bytes)
      this.options.onInit?.(header.bytes)
    }
    const url = new URL(uri, this.base).href
    const { bytes, at_ms } = await this.get(url)
    const taken = { msn: this.msn, part: index, url, bytes, init, discontinuitySequence, duration_s, independent, at_ms }
    if (this.options.keeps !== false) this.media.push(taken)
    this.options.onMedia?.(taken)
  }
}

/** What to ask for next: the part after the last one listed, where the server can hold the answer back. */
const nextRequest = (url: string, playlist: MediaPlaylist): string => {
  if (playlist.lowLatencyCompatibility?.canBlockReload !== true) return url
  const last = playlist.segments.at(-1)
  const open = last !== undefined && !last.uri
  const parts = open ? last.parts.filter((part) => !part.hint).length : 0
  const next = new URL(url)
  next.searchParams.set('_HLS_msn', String(last === undefined ? (playlist.mediaSequenceBase ?? 0) : last.mediaSequenceNumber + (open ? 0 : 1)))
  next.searchParams.set('_HLS_part', String(parts))
  return next.href
}

const parseMedia = (body: string, url: string): MediaPlaylist => {
  const playlist = HLS.parse(body)
  if (playlist.isMasterPlaylist) throw new Error(`${url} is a multivariant playlist`)
  return playlist
}

const sleepBetween = async (playlist: MediaPlaylist, asked: string, url: string): Promise<void> => {
  if (asked === url) await delay(Math.min(500, playlist.targetDuration * 250))
}

/** Follows a multivariant or media playlist until it ends, the time is over or the signal comes. */
export const readHls = async (url: string, options: ReadOptions = {}): Promise<Capture> => {
  const patience_ms = options.patience_ms ?? 15_000
  const get = options.get ?? httpGet
  const renditions = await renditionsOf(url, patience_ms, get)
  const chosen = options.rendition === undefined ? renditions[0] : renditions.find(({ name }) => name === options.rendition)
  if (chosen === undefined) throw new Error(`${url} has no rendition ${options.rendition}; it has ${renditions.map((r) => r.name).join(', ')}`)
  const deadline_ms = performance.now() + (options.for_ms ?? Number.POSITIVE_INFINITY)
  const isOver = (): boolean => isOverdue(deadline_ms) || options.signal?.aborted === true
  const reading = new Reading(chosen.url, options)
  const read = (body: string, from: string): MediaPlaylist => {
    options.onRevision?.(body)
    return parseMedia(body, from)
  }
  let playlist = read((await getPatiently(chosen.url, patience_ms, get)).body, chosen.url)
  await reading.take(playlist)
  while (!playlist.endlist && !isOver()) {
    const asked = nextRequest(chosen.url, playlist)
    try {
      playlist = read(text((await get(asked)).bytes), asked)
      await reading.take(playlist)
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error
      reading.complaints.push(error.message)
      await delay(200)
    }
    await sleepBetween(playlist, asked, chosen.url)
  }
  return { playlist: chosen.url, media: reading.media, inits: reading.inits, ended: playlist.endlist, complaints: reading.complaints, gaps: reading.gaps }
}

/** The capture as byte streams that FFmpeg can read: one for each run of media with the same init segment. */
export const capturedRuns = (capture: Capture): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
  const runs: Array<Array<Uint8Array>> = []
  let current = ''
  for (const media of capture.media) {
    const run = `${media.init} ${media.discontinuitySequence}`
    if (run !== current) runs.push([capture.inits.get(media.init) ?? new Uint8Array(0)])
    current = run
    runs.at(-1)?.push(media.bytes)
  }
  return runs
}
