import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { PLAYLIST_NAME } from './mediaNames.ts'
import { playlistOf } from './playlistText.ts'

/** What a multivariant playlist says of a rendition. Bit rates in bits per second, 0 where unknown. */
export interface RenditionDescription {
  readonly name: string
  readonly kind: 'video' | 'audio'
  /** RFC 6381. */
  readonly codec: string
  readonly width: number
  readonly height: number
  readonly channels: number
  /** Greatest of any segment. */
  readonly bandwidth: number
  /** Of all segments together; a live stream has none. */
  readonly averageBandwidth: number
  /** Frames per second; 0 for audio. */
  readonly frameRate: number
}

/** What a checkpoint says of a rendition, as playlists need it. */
export const describeRendition = (rendition: RenditionCheckpoint): RenditionDescription => ({
  name: rendition.name,
  kind: rendition.kind === TrackKind.AUDIO ? 'audio' : 'video',
  codec: rendition.codec,
  width: rendition.width,
  height: rendition.height,
  channels: rendition.channels,
  bandwidth: rendition.bandwidth,
  averageBandwidth: 0,
  frameRate: rendition.frameIntervalUs > 0 ? 1_000_000 / rendition.frameIntervalUs : 0
})

const AUDIO_GROUP = 'audio'

/**
 * The multivariant playlist (RFC 8216bis 4.4.6) of a live stream or a recording. Audio beside video is a group that
 * every variant uses; audio alone is the variant itself. `query` (with its `?`, where there is one) is behind each address.
 */
export const renderMultivariant = (renditions: ReadonlyArray<RenditionDescription>, query = ''): string => {
  const videos = renditions.filter(({ kind }) => kind === 'video')
  const audios = renditions.filter(({ kind }) => kind === 'audio')
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9']
  if (videos.length === 0) return playlistOf([...lines, ...audios.flatMap((audio) => variantLines(audio, [], query))])
  lines.push(...audios.map((audio, index) => groupLine(audio, index, query)))
  return playlistOf([...lines, ...videos.flatMap((video) => variantLines(video, audios, query))])
}

const groupLine = ({ name, channels }: RenditionDescription, index: number, query: string): string => {
  const first = index === 0 ? 'YES' : 'NO'
  const count = channels > 0 ? `,CHANNELS="${channels}"` : ''
  return `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${AUDIO_GROUP}",NAME="${name}",DEFAULT=${first},AUTOSELECT=YES${count},URI="${name}/${PLAYLIST_NAME}${query}"`
}

const variantLines = (variant: RenditionDescription, audios: ReadonlyArray<RenditionDescription>, query: string): ReadonlyArray<string> => {
  const greatest = (field: 'bandwidth' | 'averageBandwidth'): number => Math.max(0, ...audios.map((audio) => audio[field]))
  const codecs = [variant.codec, ...new Set(audios.map(({ codec }) => codec))]
  const attributes = [`BANDWIDTH=${Math.max(1, variant.bandwidth + greatest('bandwidth'))}`]
  if (variant.averageBandwidth > 0) attributes.push(`AVERAGE-BANDWIDTH=${variant.averageBandwidth + greatest('averageBandwidth')}`)
  attributes.push(`CODECS="${codecs.join(',')}"`)
  if (variant.kind === 'video' && variant.width > 0) attributes.push(`RESOLUTION=${variant.width}x${variant.height}`)
  if (variant.frameRate > 0) attributes.push(`FRAME-RATE=${variant.frameRate.toFixed(3)}`)
  if (audios.length > 0) attributes.push(`AUDIO="${AUDIO_GROUP}"`)
  return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, `${variant.name}/${PLAYLIST_NAME}${query}`]
}
