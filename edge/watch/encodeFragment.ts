import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { LiveWindow, PlacedFragment, RenditionWindow, Segment } from '../../actors/playlist/liveWindow.ts'
import type { Encoded, InitSegment } from './FragmentRing.ts'
import { encodeHeader, type FrameBuffer, initHeader, initPayload } from './watchFrame.ts'

/** Encodes a fragment for all viewers. `number` is its rendition's in the list. */
export const encodeFragment = ({ rendition, segment, part, fragment }: PlacedFragment, number: number): Encoded => {
  const { timescale } = segment
  const ticks = fragment.start - (segment.parts[0]?.start ?? fragment.start)
  const start_ms = segment.programDateTime_ms + (ticks * 1_000) / timescale
  const kind = kindOf(rendition)
  const randomAccess = kind === 'audio' || fragment.independent
  const isFirst = part === segment.parts[0] && fragment === part.fragments[0]
  const discontinuity = isFirst && breaksOff(rendition, segment)
  return {
    name: rendition.name,
    kind,
    randomAccess,
    start_s: fragment.start / timescale,
    end_s: (fragment.start + fragment.duration) / timescale,
    start_ms,
    end_ms: start_ms + (fragment.duration * 1_000) / timescale,
    init: initOf(rendition, segment),
    header: encodeHeader({ kind: 'fragment', randomAccess, discontinuity, rendition: number, msn: segment.msn, programDateTime_ms: start_ms }),
    media: fragment
  }
}

/** The message of a fragment, which holds until `frames` is used again. */
export const fragmentFrame = ({ header, media }: Encoded, frames: FrameBuffer): Uint8Array => frames.join(header, media.data)

/** The message of the init segment that goes before a fragment; holds as long. */
export const initFrame = ({ header }: Encoded, { mimeType, data }: InitSegment, frames: FrameBuffer): Uint8Array =>
  frames.join(initHeader(header), initPayload(mimeType, data))

/**
 * What a viewer who comes now needs of a window: of each video rendition the fragments from the newest random-access one
 * on, and the audio from the fragment on that covers the earliest of these. In order of time.
 */
export const newestFragments = (window: LiveWindow): ReadonlyArray<PlacedFragment> => {
  const renditions = [...window.renditions.values()].filter(({ name }) => window.described.some((described) => described.name === name))
  const videos = renditions.filter((rendition) => kindOf(rendition) === 'video').map(fromRandomAccess)
  const from_s = Math.min(...videos.flatMap(([first]) => (first === undefined ? [] : [startOf(first)])))
  const audios = renditions.filter((rendition) => kindOf(rendition) === 'audio').map((audio) => {
    const all = heldOf(audio)
    return Number.isFinite(from_s) ? all.filter((placed) => endOf(placed) > from_s) : all.slice(-1)
  })
  return [...videos, ...audios].flat().toSorted((a, b) => startOf(a) - startOf(b))
}

/** Seconds of media that a window holds of each kind of track. */
export const extents = (window: LiveWindow): Readonly<Record<Encoded['kind'], number>> => {
  const of = (kind: Encoded['kind']): number =>
    Math.max(0, ...[...window.renditions.values()].filter((rendition) => kindOf(rendition) === kind).map((rendition) => {
      const [first, last] = [firstPart(rendition), lastPart(rendition)]
      return first === undefined || last === undefined ? 0 : last.end_s - first.start_s
    }))
  return { video: of('video'), audio: of('audio') }
}

const kindOf = ({ kind }: RenditionWindow): Encoded['kind'] => (kind === TrackKind.AUDIO ? 'audio' : 'video')
const startOf = ({ segment, fragment }: PlacedFragment): number => fragment.start / segment.timescale
const endOf = ({ segment, fragment }: PlacedFragment): number => (fragment.start + fragment.duration) / segment.timescale

const initOf = ({ name, kind, inits }: RenditionWindow, { init }: Segment): InitSegment | undefined => {
  const found = inits.get(init)
  if (found === undefined) return undefined
  return { key: `${name}/${init}`, mimeType: `${kind === TrackKind.AUDIO ? 'audio' : 'video'}/mp4; codecs="${found.codec}"`, data: found.data }
}

const breaksOff = ({ segments }: RenditionWindow, segment: Segment): boolean => {
  const before = [...segments.values()].findLast(({ msn }) => msn < segment.msn)
  return segment.behindLoss || (before !== undefined && segment.discontinuities > before.discontinuities)
}

const heldOf = (rendition: RenditionWindow): ReadonlyArray<PlacedFragment> =>
  [...rendition.segments.values()].flatMap((segment) => segment.parts.flatMap((part) => part.fragments.map((fragment) => ({ rendition, segment, part, fragment }))))

const fromRandomAccess = (rendition: RenditionWindow): ReadonlyArray<PlacedFragment> => {
  const all = heldOf(rendition)
  const at = all.findLastIndex(({ fragment }) => fragment.independent)
  return at < 0 ? [] : all.slice(at)
}

const firstPart = ({ segments }: RenditionWindow): { readonly start_s: number } | undefined => {
  const segment = segments.values().next().value
  const part = segment?.parts[0]
  return segment === undefined || part === undefined ? undefined : { start_s: part.start / segment.timescale }
}

const lastPart = ({ segments }: RenditionWindow): { readonly end_s: number } | undefined => {
  const segment = [...segments.values()].at(-1)
  const part = segment?.parts.at(-1)
  return segment === undefined || part === undefined ? undefined : { end_s: (part.start + part.duration) / segment.timescale }
}
