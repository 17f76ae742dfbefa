import { fromBinary } from '@bufbuild/protobuf'
import { type Fragments, FragmentsSchema } from '../../../proto/gen/millrace/v1/media_pb.js'
import type { RuledRecord } from '../../packager/testing/logRules.ts'
import { seededRandom } from '../../playlist/testing/seededRandom.ts'
import { readPackager } from '../checkpoint.ts'
import type { StreamWorld } from './StreamWorld.ts'

/** What may happen beside what must. */
export interface Weather {
  readonly seed: number
  /** Owners that die in the middle of things. */
  readonly crashes: number
  /** Owners that are asked to hand over. */
  readonly drains: number
  /** Share of appends that a full log refuses. */
  readonly refusals: number
  /** Share of steps before which the tick's time has come. */
  readonly ticks: number
}

const STEPS_MAX = 200_000

/** Lets things happen in any order until the actor is done; timers elapse only where nothing else can happen. */
export const drive = (world: StreamWorld, weather: Weather, until: () => boolean = () => false): void => {
  const random = seededRandom(weather.seed)
  const pick = (count: number): number => Math.floor(random() * count)
  let { crashes, drains } = weather
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if (world.done?._tag === 'Release') world.takeOver()
    if (world.done?._tag === 'Restart') world.takeOver(world.done.broke ? world.done.reason : undefined)
    if (world.done !== undefined || until()) return
    if (drains > 0 && random() < 0.01) {
      drains -= 1
      world.send({ _tag: 'Drain' })
      continue
    }
    if (crashes > 0 && random() < 0.01) {
      crashes -= 1
      // The record on its way may have reached the log all the same.
      if (world.appending !== undefined && random() < 0.5) world.land()
      world.takeOver()
      continue
    }
    if (random() < weather.ticks) world.send({ _tag: 'Elapsed', timer: 'tick' })
    const choices = possible(world, () => random() < weather.refusals, pick)
    const choice = choices[pick(choices.length)]
    if (choice === undefined) throw new Error('nothing can happen any more')
    choice()
  }
  throw new Error('the actor does not come to an end')
}

const possible = (world: StreamWorld, refuses: () => boolean, pick: (count: number) => number): ReadonlyArray<() => void> => {
  const choices: Array<() => void> = []
  if (world.wantsMore && world.delivered < world.inbox.entries.length) choices.push(() => void world.deliver())
  if (world.events.length > 0) {
    choices.push(() => {
      for (let left = 1 + pick(20); left > 0; left -= 1) hearChild(world)
    })
  }
  if (world.appending !== undefined) choices.push(() => void (refuses() ? world.refuse() : world.append()))
  if (world.publishing.length > 0) choices.push(() => published(world, pick(world.publishing.length)))
  if (world.parking.length > 0) choices.push(() => parked(world))
  if (world.describing.length > 0) choices.push(() => described(world))
  if (choices.length === 0 && world.timers.delete('start')) choices.push(() => void world.send({ _tag: 'Elapsed', timer: 'start' }))
  return choices
}

/** The next thing that FFmpeg has to say. */
export const hearChild = (world: StreamWorld): void => {
  const [next, ...events] = world.events
  if (next === undefined) return
  world.events = events
  world.send({ _tag: 'Child', ...next })
}

/** An announcement is stored. */
export const published = (world: StreamWorld, index = 0): void => {
  const [action] = world.publishing.splice(index, 1)
  if (action !== undefined) world.send({ _tag: 'Published', ticket: action.ticket })
}

/** A dead letter is stored. */
const parked = (world: StreamWorld): void => {
  const action = world.parking.shift()
  if (action === undefined) return
  world.parked.push(action)
  world.send({ _tag: 'Parked' })
}

/** The stream's entry is written. */
export const described = (world: StreamWorld): void => {
  const action = world.describing.shift()
  if (action !== undefined) world.send({ _tag: 'Described', final: action.final })
}

/** The records of a world with fragments, pieces put together. A half-written one is dropped, as every reader does. */
export const fragmentsIn = (world: StreamWorld): ReadonlyArray<RuledRecord> => {
  const found: Array<RuledRecord> = []
  let pieces: Array<Uint8Array> = []
  let first = 0
  for (const { seq, record } of world.media) {
    const add = (body: Fragments, from: number): void => void found.push({ seq: from, body, packager: readPackager(record.checkpoint, world.config.settings) })
    if (record.body.case === 'fragments') add(record.body.value, seq)
    if (record.body.case !== 'piece') {
      pieces = []
      continue
    }
    if (record.body.value.piece === 0) [pieces, first] = [[], seq]
    pieces.push(record.body.value.data)
    if (pieces.length === record.body.value.pieces) add(fromBinary(FragmentsSchema, Buffer.concat(pieces)), first)
  }
  return found
}
