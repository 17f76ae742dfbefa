import { Effect } from 'effect'
import { findRevision, type Revision, revisionKey } from '../../../actors/playlist/findRevision.ts'
import type { Segment } from '../../../actors/playlist/liveWindow.ts'
import { checkMedia, checkSuccession } from '../../../actors/playlist/testing/rules.ts'
import type { FollowedStream } from '../../../edge/playback/FollowedStream.ts'
import type { StreamTruth } from '../rules/StreamTruth.ts'
import type { SimulatedProcess } from '../process/SimulatedProcess.ts'
import type { World } from '../world/World.ts'
import type { EdgeMachine } from './machines.ts'

const POLL_MS = 900

/** Playlists by stream and revision: on every edge, and whenever it began to follow, the same text. */
export type KnownPlaylists = Map<string, string>

/** A viewer: asks an edge for the newest playlists again and again, and holds them against each other and against the log. */
export class Viewer {
  readonly #world: World
  readonly #truth: StreamTruth
  readonly #edges: () => ReadonlyArray<EdgeMachine>
  readonly #known: KnownPlaylists
  #last = new Map<string, string>()
  #process: SimulatedProcess | undefined

  constructor(world: World, truth: StreamTruth, edges: () => ReadonlyArray<EdgeMachine>, known: KnownPlaylists) {
    this.#world = world
    this.#truth = truth
    this.#edges = edges
    this.#known = known
    this.#poll()
  }

  #poll(): void {
    this.#world.after(this.#world.dice.between(0.5, 1.5) * POLL_MS, () => {
      this.#look()
      this.#poll()
    })
  }

  /** Stays with its edge, as a player does, until that is gone; now and then it is sent to another. */
  #look(): void {
    const serves = this.#edges().filter(({ door }) => door !== undefined)
    const edge = serves.find(({ process }) => process === this.#process && !this.#world.dice.chance(0.05)) ?? this.#world.dice.pick(serves)
    const { door, process } = edge ?? {}
    if (door === undefined || process === undefined) return
    if (process !== this.#process) this.#last = new Map()
    this.#process = process
    process.post(() => {
      const look = Effect.flatMap(door.follower.follow(this.#truth.id), (stream) => Effect.sync(() => this.#watch(stream, process)))
      // What cannot be followed now is asked for again.
      Effect.runForkWith(process.context)(Effect.ignore(Effect.scoped(look)))
    })
  }

  #watch(stream: FollowedStream, process: SimulatedProcess): void {
    if (process !== this.#process) return
    for (const [name, rendition] of stream.window.renditions) {
      const answer = findRevision(stream.window, name, 'newest')
      if (answer._tag !== 'Ready') continue
      this.#playlist(stream, answer.revision)
      const closed = [...rendition.segments.values()].findLast((segment) => segment.closed)
      if (closed !== undefined) this.#media(name, closed)
    }
  }

  #playlist(stream: FollowedStream, revision: Revision): void {
    const text = stream.render(revision, false)
    // What is left of a log that goes while somebody begins to read it.
    if (text.includes('#EXT-X-GAP') && this.#truth.media.ended) return
    const key = `${this.#truth.id}/${revisionKey(revision)}`
    const known = this.#known.get(key)
    if (known === undefined) this.#known.set(key, text)
    else if (known !== text) this.#world.violate('the same playlist is the same text on every edge', `${key}\n${known}\n${text}`)
    const before = this.#last.get(revision.rendition)
    this.#last.set(revision.rendition, text)
    if (before === undefined || before === text) return
    this.#world.note('viewer sees', this.#truth.id, revisionKey(revision))
    const broken = [...checkSuccession(before, text), ...checkMedia(text).broken]
    if (broken.length > 0) this.#world.violate('playlists only grow, by the rules of HLS', `${key}: ${broken.join('; ')}\n${before}\n${text}`)
  }

  #media(rendition: string, segment: Segment): void {
    const held = segment.parts.flatMap(({ data }) => (data === undefined ? [] : [data]))
    if (held.length < segment.parts.length) return
    const truth = this.#truth.media.segments.get(`${rendition}/${segment.msn}`)
    if (truth === undefined || Buffer.compare(Buffer.concat(truth.data), Buffer.concat(held)) !== 0) {
      this.#world.violate('viewers get what MEDIA has', `${this.#truth.id}/${rendition}: segment ${segment.msn}`)
    }
  }
}
