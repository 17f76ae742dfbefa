import { describeRendition } from '../../actors/playlist/renderMultivariant.ts'
import type { RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { BANDWIDTH_SHARE_TOLD } from './limits.ts'

/** A rendition as viewers are told of it; its index in the list is its number in binary messages. */
export interface ListedRendition {
  readonly name: string
  readonly kind: 'video' | 'audio'
  /** RFC 6381. */
  readonly codec: string
  readonly width: number
  readonly height: number
  /** Bits per second. */
  readonly bandwidth: number
}

/** What may be chosen: videos from the best to the least, and the audio that goes with any of them. */
export interface Choice {
  readonly ladder: ReadonlyArray<string>
  readonly audio: string | undefined
}

/** The list that viewers get, in playlist order. */
export const listRenditions = (described: ReadonlyArray<RenditionCheckpoint>): ReadonlyArray<ListedRendition> =>
  described.map((rendition) => {
    const { name, kind, codec, width, height, bandwidth } = describeRendition(rendition)
    return { name, kind, codec, width, height, bandwidth }
  })

/** Whether two lists are the same to a viewer: bandwidths are measured anew with each segment, and count only where they differ much. */
export const isSameList = (told: ReadonlyArray<ListedRendition>, now: ReadonlyArray<ListedRendition>): boolean =>
  told.length === now.length && told.every((before, index) => isSameRendition(before, now[index]))

const isSameRendition = (before: ListedRendition, now: ListedRendition | undefined): boolean =>
  now !== undefined && before.name === now.name && before.kind === now.kind && before.codec === now.codec && before.width === now.width && before.height === now.height &&
  Math.abs(now.bandwidth - before.bandwidth) <= before.bandwidth * BANDWIDTH_SHARE_TOLD

/** The choice that a list gives: more pixels are better, then more bits. */
export const choiceOf = (list: ReadonlyArray<ListedRendition>): Choice => ({
  ladder: list.filter(({ kind }) => kind === 'video').toSorted((a, b) => b.width * b.height - a.width * a.height || b.bandwidth - a.bandwidth).map(({ name }) => name),
  audio: list.find(({ kind }) => kind === 'audio')?.name
})

/** Whether two choices are the same. */
export const isSameChoice = (a: Choice, b: Choice): boolean => a.audio === b.audio && a.ladder.length === b.ladder.length && a.ladder.every((name, index) => name === b.ladder[index])
