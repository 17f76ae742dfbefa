import type { RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { FollowedStream } from '../playback/FollowedStream.ts'
import { extents } from './encodeFragment.ts'
import type { LiveState } from './messages.ts'
import { type Choice, choiceOf, isSameChoice, isSameList, type ListedRendition, listRenditions } from './renditions.ts'
import { type Entry, isReady, liveState, overByBucket } from './streamPhase.ts'

/** What a stream tells all its viewers beside media. A number goes up with each change. */
export interface Notices {
  readonly state: { readonly number: number; readonly value: LiveState }
  readonly renditions: { readonly number: number; readonly text: string }
}

const NOTHING_LISTED = { number: 0, text: '' }

/** What viewers of one stream are told and may choose from. Each method answers whether that has changed. */
export class StreamNotices {
  #list: ReadonlyArray<ListedRendition> = []
  #choice: Choice | undefined
  #notices: Notices | undefined

  /** Renditions by their numbers in binary messages. */
  get list(): ReadonlyArray<ListedRendition> {
    return this.#list
  }

  /** Undefined until viewers can begin. */
  get choice(): Choice | undefined {
    return this.#choice
  }

  /** Undefined until the stream is followed. */
  get notices(): Notices | undefined {
    return this.#notices
  }

  numberOf(name: string): number {
    return Math.max(0, this.#list.findIndex((listed) => listed.name === name))
  }

  relist(described: ReadonlyArray<RenditionCheckpoint>): boolean {
    const list = listRenditions(described)
    if (isSameList(this.#list, list)) return false
    this.#list = list
    const { state = { number: 0, value: 'waiting' }, renditions = NOTHING_LISTED } = this.#notices ?? {}
    this.#notices = { state, renditions: { number: renditions.number + 1, text: JSON.stringify({ type: 'renditions', renditions: list }) } }
    return true
  }

  /** Of a stream that the bucket says is over, viewers hear so once they have all of it. */
  restate(entry: Entry | undefined, hasMedia: boolean, isAway: boolean): boolean {
    const { state, renditions = NOTHING_LISTED } = this.#notices ?? {}
    const value = overByBucket(entry) === undefined ? liveState(hasMedia, isAway) : (state?.value ?? 'live')
    if (state !== undefined && state.number > 0 && state.value === value) return false
    this.#notices = { state: { number: (state?.number ?? 0) + 1, value }, renditions }
    return true
  }

  choose({ window, source, end }: FollowedStream): boolean {
    const choice = choiceOf(this.#list)
    if (this.#choice === undefined ? end === undefined && !isReady(extents(window), source) : isSameChoice(this.#choice, choice)) return false
    this.#choice = choice
    return true
  }
}
