/**
 * What of a pushed stream goes into which SourceBuffer, and when. Timestamps go on across renditions, discontinuities
 * and reconnections, so that nothing is ever moved in time. Pure; `PushRun` performs the actions.
 */
import { decodeTimeOf, timescaleOf } from './boxes.ts'
import type { FragmentFrame, InitFrame, WatchFrame } from './watchFrame.ts'
import type { TrackKind, WatchRendition } from './watchMessage.ts'

/** Work that waits for a SourceBuffer. */
export type Piece =
  | { readonly kind: 'init'; readonly mimeType: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'media'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'remove'; readonly before_s: number }

interface Track {
  /** Of the init segment that came last. */
  readonly rendition: string
  readonly timescale: number
  /** What the SourceBuffer was made for, or changed to. */
  readonly mimeType: string
  readonly queue: ReadonlyArray<Piece>
  /** What the SourceBuffer works on. */
  readonly inFlight: Piece | undefined
  readonly isStarted: boolean
  readonly newest_s: number
}

/** One playback: one MediaSource, fed by one socket and its successors. */
export interface PushPlayback {
  readonly renditions: ReadonlyArray<WatchRendition>
  /** A kind that is left out, since it ended while the other goes on. */
  readonly without: TrackKind | undefined
  readonly tracks: Readonly<Partial<Record<TrackKind, Track>>>
  readonly isOpen: boolean
  readonly isCreated: boolean
  readonly firstInit_ms: number | undefined
  readonly quotaHits: number
  /** The edge has sent all there is. */
  readonly isOver: boolean
  readonly hasEnded: boolean
}

/** What happens to a playback. */
export type PushEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'renditions'; readonly renditions: ReadonlyArray<WatchRendition> }
  | { readonly kind: 'frame'; readonly frame: WatchFrame }
  | { readonly kind: 'appended'; readonly track: TrackKind }
  | { readonly kind: 'quotaExceeded'; readonly track: TrackKind; readonly position_s: number }
  | { readonly kind: 'trim'; readonly before_s: number }
  | { readonly kind: 'over' }
  | { readonly kind: 'tick' }

/** What is done: `restart` begins anew at the newest picture, `fail` leaves it to another way of playing. */
export type PushAction =
  | { readonly kind: 'create'; readonly tracks: ReadonlyArray<{ readonly track: TrackKind; readonly mimeType: string }> }
  | { readonly kind: 'changeType'; readonly track: TrackKind; readonly mimeType: string }
  | { readonly kind: 'append'; readonly track: TrackKind; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'remove'; readonly track: TrackKind; readonly before_s: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'fail'; readonly reason: string }

/** The playback from now on, and what is to be done. */
export interface PushDecision {
  readonly playback: PushPlayback
  readonly actions: ReadonlyArray<PushAction>
}

/** Two tracks begin together; one that has not come by then is done without. */
const patience_ms = 1_000
/** Timestamps that go back further than anything that overlaps belong to another timeline. */
const backMost_s = 15
const queueMost = 2_000
/** Kept behind the picture where the browser has no more room. */
const keptInNeed_s = 1

const kinds: ReadonlyArray<TrackKind> = ['video', 'audio']

/** A playback that has just begun. */
export const beginPlayback = (without?: TrackKind): PushPlayback => ({
  renditions: [],
  without,
  tracks: {},
  isOpen: false,
  isCreated: false,
  firstInit_ms: undefined,
  quotaHits: 0,
  isOver: false,
  hasEnded: false,
})

const withTrack = (playback: PushPlayback, kind: TrackKind, track: Track): PushPlayback => ({ ...playback, tracks: { ...playback.tracks, [kind]: track } })

const expectedKinds = ({ renditions, without }: PushPlayback): ReadonlyArray<TrackKind> =>
  kinds.filter((kind) => kind !== without && renditions.some((rendition) => rendition.kind === kind))

const takeInit = (playback: PushPlayback, { name, kind }: WatchRendition, { bytes, mimeType }: InitFrame, now_ms: number): PushDecision => {
  const timescale = timescaleOf(bytes)
  if (timescale === undefined) return { playback, actions: [{ kind: 'fail', reason: 'an init segment cannot be read' }] }
  const before = playback.tracks[kind]
  if (playback.isCreated && before === undefined) return { playback, actions: [{ kind: 'restart' }] }
  const track: Track = {
    mimeType,
    newest_s: Number.NEGATIVE_INFINITY,
    inFlight: undefined,
    ...before,
    rendition: name,
    timescale,
    queue: [...(before?.queue ?? []), { kind: 'init', mimeType, bytes }],
    isStarted: false,
  }
  return { playback: { ...withTrack(playback, kind, track), firstInit_ms: playback.firstInit_ms ?? now_ms }, actions: [] }
}

const takeFragment = (playback: PushPlayback, { name, kind }: WatchRendition, frame: FragmentFrame): PushDecision => {
  const track = playback.tracks[kind]
  if (track === undefined || track.rendition !== name || !(track.isStarted || frame.isRandomAccess)) return { playback, actions: [] }
  const ticks = decodeTimeOf(frame.bytes)
  const start_s = ticks === undefined ? track.newest_s : ticks / track.timescale
  if (start_s < track.newest_s - backMost_s) return { playback, actions: [{ kind: 'fail', reason: 'its timeline went back' }] }
  if (track.queue.length >= queueMost) return { playback, actions: [{ kind: 'restart' }] }
  const queue = [...track.queue, { kind: 'media', bytes: frame.bytes } as const]
  return { playback: withTrack(playback, kind, { ...track, queue, isStarted: true, newest_s: Math.max(start_s, track.newest_s) }), actions: [] }
}

const takeFrame = (playback: PushPlayback, frame: WatchFrame, now_ms: number): PushDecision => {
  const rendition = playback.renditions[frame.rendition]
  if (rendition === undefined) return { playback, actions: [] }
  if (rendition.kind === playback.without) return { playback, actions: frame.kind === 'init' ? [] : [{ kind: 'restart' }] }
  return frame.kind === 'init' ? takeInit(playback, rendition, frame, now_ms) : takeFragment(playback, rendition, frame)
}

const appended = (playback: PushPlayback, kind: TrackKind): PushPlayback => {
  const track = playback.tracks[kind]
  if (track === undefined) return playback
  return { ...withTrack(playback, kind, { ...track, inFlight: undefined }), quotaHits: track.inFlight?.kind === 'media' ? 0 : playback.quotaHits }
}

const makeRoom = (playback: PushPlayback, kind: TrackKind, position_s: number): PushDecision => {
  const track = playback.tracks[kind]
  if (track?.inFlight === undefined) return { playback, actions: [] }
  if (playback.quotaHits > 0) return { playback, actions: [{ kind: 'restart' }] }
  const queue: ReadonlyArray<Piece> = [{ kind: 'remove', before_s: position_s - keptInNeed_s }, track.inFlight, ...track.queue]
  return { playback: { ...withTrack(playback, kind, { ...track, inFlight: undefined, queue }), quotaHits: 1 }, actions: [] }
}

const trim = (playback: PushPlayback, before_s: number): PushPlayback =>
  kinds.reduce((trimmed, kind) => {
    const track = trimmed.tracks[kind]
    if (track === undefined || !trimmed.isCreated || [track.inFlight, ...track.queue].some((piece) => piece?.kind === 'remove')) return trimmed
    return withTrack(trimmed, kind, { ...track, queue: [{ kind: 'remove', before_s }, ...track.queue] })
  }, playback)

const create = (playback: PushPlayback, now_ms: number): PushDecision => {
  if (!playback.isOpen || playback.isCreated || playback.firstInit_ms === undefined) return { playback, actions: [] }
  const isComplete = expectedKinds(playback).every((kind) => playback.tracks[kind] !== undefined)
  if (!isComplete && now_ms - playback.firstInit_ms < patience_ms) return { playback, actions: [] }
  const tracks = kinds.flatMap((track) => {
    const mimeType = playback.tracks[track]?.mimeType
    return mimeType === undefined ? [] : [{ track, mimeType }]
  })
  return { playback: { ...playback, isCreated: true }, actions: [{ kind: 'create', tracks }] }
}

const actionsFor = (kind: TrackKind, track: Track, piece: Piece): ReadonlyArray<PushAction> => {
  if (piece.kind === 'remove') return [{ kind: 'remove', track: kind, before_s: piece.before_s }]
  const append: PushAction = { kind: 'append', track: kind, bytes: piece.bytes }
  return piece.kind === 'init' && piece.mimeType !== track.mimeType ? [{ kind: 'changeType', track: kind, mimeType: piece.mimeType }, append] : [append]
}

/** Gives each SourceBuffer that is free its next piece, and ends the stream behind the last one. */
const feed = (playback: PushPlayback): PushDecision => {
  if (!playback.isCreated) return { playback, actions: [] }
  let next = playback
  const actions: Array<PushAction> = []
  for (const kind of kinds) {
    const track = next.tracks[kind]
    const [piece, ...queue] = track?.queue ?? []
    if (track === undefined || piece === undefined || track.inFlight !== undefined) continue
    actions.push(...actionsFor(kind, track, piece))
    next = withTrack(next, kind, { ...track, queue, inFlight: piece, mimeType: piece.kind === 'init' ? piece.mimeType : track.mimeType })
  }
  const isIdle = kinds.every((kind) => next.tracks[kind]?.inFlight === undefined)
  if (!next.isOver || next.hasEnded || !isIdle) return { playback: next, actions }
  return { playback: { ...next, hasEnded: true }, actions: [...actions, { kind: 'end' }] }
}

const apply = (playback: PushPlayback, event: PushEvent, now_ms: number): PushDecision => {
  const only = (next: PushPlayback): PushDecision => ({ playback: next, actions: [] })
  switch (event.kind) {
    case 'opened':
      return only({ ...playback, isOpen: true })
    case 'renditions':
      return only({ ...playback, renditions: event.renditions })
    case 'frame':
      return takeFrame(playback, event.frame, now_ms)
    case 'appended':
      return only(appended(playback, event.track))
    case 'quotaExceeded':
      return makeRoom(playback, event.track, event.position_s)
    case 'trim':
      return only(trim(playback, event.before_s))
    case 'over':
      return only({ ...playback, isOver: true })
    case 'tick':
      return only(playback)
  }
}

/** What follows from an event at `now_ms`, by the page's clock. */
export const decidePush = (playback: PushPlayback, event: PushEvent, now_ms: number): PushDecision => {
  const applied = apply(playback, event, now_ms)
  const created = create(applied.playback, now_ms)
  const fed = feed(created.playback)
  return { playback: fed.playback, actions: [...applied.actions, ...created.actions, ...fed.actions] }
}
