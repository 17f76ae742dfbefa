/** Renditions as people choose them. Pure. */

/** A picture that can be chosen. */
export interface QualityOption {
  /** The rendition's name. */
  readonly name: string
  /** For instance `720p`. */
  readonly label: string
}

/** What can be chosen, what is, and what is shown. */
export interface Quality {
  /** Best first; empty where there is nothing to choose. */
  readonly options: ReadonlyArray<QualityOption>
  /** A rendition's name, or `auto`. */
  readonly chosen: string
  /** The rendition that plays now. */
  readonly shown: string | undefined
}

/** A rendition of a picture. */
export interface VideoRendition {
  readonly name: string
  readonly width: number
  readonly height: number
  /** Bits per second; 0 where it is not known. */
  readonly bandwidth: number
}

/** Choosing nothing: the player takes what the network carries. */
export const automatic = 'auto'

/** Nothing to choose from. */
export const noQuality: Quality = { options: [], chosen: automatic, shown: undefined }

const sizeOf = ({ name, width, height }: VideoRendition): string => (Math.min(width, height) > 0 ? `${Math.min(width, height)}p` : name)

const inMegabits = (bandwidth: number): string => `${(bandwidth / 1e6).toFixed(1)} Mb/s`

/** What there is to choose, best first. Two of the same size are told apart by their bit rate, or else by name. */
export const optionsOf = (renditions: ReadonlyArray<VideoRendition>): ReadonlyArray<QualityOption> => {
  const best = [...renditions].sort((one, other) => Math.min(other.width, other.height) - Math.min(one.width, one.height) || other.bandwidth - one.bandwidth)
  return best.map((rendition) => {
    const size = sizeOf(rendition)
    const isAlone = best.filter((other) => sizeOf(other) === size).length === 1
    return { name: rendition.name, label: isAlone ? size : `${size} · ${rendition.bandwidth > 0 ? inMegabits(rendition.bandwidth) : rendition.name}` }
  })
}

/** The choice as far as this playback knows it: what it does not have is played automatically. */
export const qualityOf = (renditions: ReadonlyArray<VideoRendition>, wanted: string, shown: string | undefined): Quality => {
  const options = optionsOf(renditions)
  return { options, chosen: options.some(({ name }) => name === wanted) ? wanted : automatic, shown }
}

/** The words for what plays, for instance `720p`; `undefined` before it is known. */
export const shownLabel = ({ options, shown }: Quality): string | undefined => options.find(({ name }) => name === shown)?.label
