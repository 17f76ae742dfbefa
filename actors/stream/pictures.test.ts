import { expect, it } from 'vitest'
import { recording } from '../testing/recordings.ts'
import type { Pictures } from './pictures.ts'
import { drive } from './testing/drive.ts'
import { calm } from './testing/moments.ts'
import { inboxOf, StreamWorld } from './testing/StreamWorld.ts'

/** What a stream keeps of its newest pictures once it has published some. */
const keptOf = (name: string): Pictures | undefined => {
  const world = new StreamWorld(inboxOf(recording(name)))
  drive(world, calm, () => world.media.filter(({ record }) => record.body.case === 'fragments').length > 3)
  expect(world.state.run?.phase).toBe('Feeding')
  return world.state.run?.pictures
}

it('bytes since the newest keyframe are kept where sound may outlive the pictures, and nowhere else', () => {
  expect(keptOf('100ms-h264.webm')?.bytes?.length).toBeGreaterThan(0)
  expect(keptOf('videoonly-h264.webm')).toBeUndefined()
})
