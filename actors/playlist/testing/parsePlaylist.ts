/** One part as a playlist lists it. */
export interface ListedPart {
  readonly uri: string
  readonly duration_s: number
  readonly independent: boolean
  readonly gap: boolean
}

/** One segment as a playlist lists it; `uri` and `duration_s` are undefined while only parts of it are there. */
export interface ListedSegment {
  readonly msn: number
  readonly discontinuity: number
  uri: string | undefined
  duration_s: number | undefined
  readonly map: string | undefined
  readonly programDateTime_ms: number | undefined
  readonly gap: boolean
  readonly parts: ReadonlyArray<ListedPart>
}

/** A time of which the media is lost, as an EXT-X-DATERANGE names it. */
export interface ListedLoss {
  readonly id: string
  readonly start_ms: number
  readonly duration_s: number
}

/** A media playlist, read line by line and independently of the renderer. */
export interface ParsedMedia {
  readonly version: number
  readonly targetDuration_s: number
  readonly partTarget_s: number | undefined
  readonly control: ReadonlyMap<string, string>
  readonly mediaSequence: number
  readonly discontinuitySequence: number
  readonly skipped: number
  readonly segments: ReadonlyArray<ListedSegment>
  readonly preloadHint: string | undefined
  readonly reports: ReadonlyArray<ReadonlyMap<string, string>>
  readonly ended: boolean
  readonly vod: boolean
  /** Times of which the media is lost. */
  readonly losses: ReadonlyArray<ListedLoss>
  readonly unknown: ReadonlyArray<string>
}

/** Attributes of an attribute list (RFC 8216bis 4.2), quotes taken off. */
const parseAttributes = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/([A-Z0-9-]+)=("([^"]*)"|[^,]*)/g)].map(([, name = '', plain = '', quoted]) => [name, quoted ?? plain]))

interface Draft {
  parts: Array<ListedPart>
  map: string | undefined
  pdt: number | undefined
  duration: number | undefined
  gap: boolean
}

const TAGS = ['EXTM3U', 'EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-SERVER-CONTROL', 'EXT-X-PART-INF', 'EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-SKIP', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME', 'EXT-X-PART', 'EXTINF', 'EXT-X-GAP', 'EXT-X-DISCONTINUITY', 'EXT-X-PRELOAD-HINT', 'EXT-X-RENDITION-REPORT',
  'EXT-X-ENDLIST', 'EXT-X-PLAYLIST-TYPE', 'EXT-X-DATERANGE']

/** Reads a media playlist. What it does not know is listed in `unknown`. */
export const parseMedia = (text: string): ParsedMedia => {
  const lines = text.split('\n').filter((line) => line !== '')
  const values = (tag: string): ReadonlyArray<string> => lines.filter((line) => line === `#${tag}` || line.startsWith(`#${tag}:`)).map((line) => line.slice(tag.length + 2))
  const first = (tag: string): string | undefined => values(tag)[0]
  const skipped = Number(parseAttributes(first('EXT-X-SKIP') ?? '').get('SKIPPED-SEGMENTS') ?? 0)
  const mediaSequence = Number(first('EXT-X-MEDIA-SEQUENCE') ?? 0)
  const discontinuitySequence = Number(first('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0)
  const partTarget = parseAttributes(first('EXT-X-PART-INF') ?? '').get('PART-TARGET')
  return {
    version: Number(first('EXT-X-VERSION') ?? 1),
    targetDuration_s: Number(first('EXT-X-TARGETDURATION')),
    partTarget_s: partTarget === undefined ? undefined : Number(partTarget),
    control: parseAttributes(first('EXT-X-SERVER-CONTROL') ?? ''),
    mediaSequence,
    discontinuitySequence,
    skipped,
    segments: parseSegments(lines, mediaSequence + skipped, discontinuitySequence),
    preloadHint: parseAttributes(first('EXT-X-PRELOAD-HINT') ?? '').get('URI'),
    reports: values('EXT-X-RENDITION-REPORT').map(parseAttributes),
    ended: first('EXT-X-ENDLIST') !== undefined,
    vod: first('EXT-X-PLAYLIST-TYPE') === 'VOD',
    losses: values('EXT-X-DATERANGE').map(parseAttributes).map(parseLoss),
    unknown: lines.filter((line) => line.startsWith('#') && !TAGS.includes(line.slice(1).split(':', 1)[0] ?? ''))
  }
}

const parseSegments = (lines: ReadonlyArray<string>, firstMsn: number, firstDiscontinuity: number): ReadonlyArray<ListedSegment> => {
  const segments: Array<ListedSegment> = []
  let discontinuity = firstDiscontinuity
  let map: string | undefined
  const fresh = (): Draft => ({ parts: [], map, pdt: undefined, duration: undefined, gap: false })
  let draft = fresh()
  const close = (uri: string | undefined): void => {
    const { parts, pdt, duration, gap } = draft
    segments.push({ msn: firstMsn + segments.length, discontinuity, uri, duration_s: duration, map, programDateTime_ms: pdt, gap, parts })
    draft = fresh()
  }
  for (const line of lines) {
    const value = line.slice(line.indexOf(':') + 1)
    if (line === '#EXT-X-DISCONTINUITY') discontinuity += 1
    else if (line === '#EXT-X-GAP') draft.gap = true
    else if (line.startsWith('#EXT-X-MAP:')) map = parseAttributes(value).get('URI')
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) draft.pdt = Date.parse(value)
    else if (line.startsWith('#EXT-X-PART:')) draft.parts.push(parsePart(value))
    else if (line.startsWith('#EXTINF:')) draft.duration = Number.parseFloat(value)
    else if (!line.startsWith('#')) close(line)
  }
  if (draft.parts.length > 0) close(undefined)
  return segments
}

const parseLoss = (attributes: ReadonlyMap<string, string>): ListedLoss => ({
  id: attributes.get('ID') ?? '',
  start_ms: Date.parse(attributes.get('START-DATE') ?? ''),
  duration_s: Number(attributes.get('DURATION'))
})

const parsePart = (text: string): ListedPart => {
  const attributes = parseAttributes(text)
  return {
    uri: attributes.get('URI') ?? '',
    duration_s: Number(attributes.get('DURATION')),
    independent: attributes.get('INDEPENDENT') === 'YES',
    gap: attributes.get('GAP') === 'YES'
  }
}
