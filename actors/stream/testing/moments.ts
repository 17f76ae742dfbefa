/** Moments in the life of a simulated stream, and what its turns asked for. */
import { recording } from '../../testing/recordings.ts'
import type { Action } from '../streamState.ts'
import { described, drive, hearChild, published } from './drive.ts'
import { inboxOf, StreamWorld } from './StreamWorld.ts'

/** The recording that these moments are of. */
export const NAME = '100ms-h264.webm'
/** Nothing goes wrong. */
export const calm = { seed: 1, crashes: 0, drains: 0, refusals: 0, ticks: 0 }

/** Kinds of some actions. */
export const tags = (actions: ReadonlyArray<Action>): ReadonlyArray<string> => actions.map(({ _tag }) => _tag)
/** The actions of one kind. */
export const only = <Tag extends Action['_tag']>(actions: ReadonlyArray<Action>, tag: Tag) => actions.filter((action): action is Extract<Action, { readonly _tag: Tag }> => action._tag === tag)

/** A world just where a record is on its way and frames wait for the next. */
export const onItsWay = (): StreamWorld => {
  const world = new StreamWorld(inboxOf(recording(NAME)))
  drive(world, calm, () => world.media.length > 8 && world.appending !== undefined)
  return world
}

/** A world whose publisher says nothing more, all of whose frames are in the log. */
export const quiet = (): StreamWorld => {
  const inbox = inboxOf(recording(NAME))
  inbox.entries.pop()
  const world = new StreamWorld(inbox)
  while (world.delivered < inbox.entries.length) world.deliver()
  settle(world)
  return world
}

/** Everything happens that is under way. */
export const settle = (world: StreamWorld): void => {
  for (;;) {
    if (world.events.length > 0) hearChild(world)
    else if (world.appending !== undefined) world.append()
    else if (world.publishing.length > 0) published(world)
    else if (world.describing.length > 0) described(world)
    else return
  }
}
