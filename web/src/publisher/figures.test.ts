import { expect, test } from 'vitest'
import { beginEpoch, keepChunks } from './epochs.ts'
import { figuresOf } from './figures.ts'
import { beginPublishing } from './publishingState.ts'

const publishing = beginPublishing({ recordingId: 'cam', publisherToken: 'secret', title: '' }, { at_ms: 0, chance: 0 })
const chunk = (captured_ms: number) => ({ bytes: new Blob(['media']), captured_ms })

test('nothing waits where everything is stored', () => {
  expect(figuresOf(publishing, 9_000)).toMatchObject({ waitingChunks: 0, waiting_s: 0, kept_s: 0 })
})

test('how long the oldest waits grows, how much is kept does not, also over several epochs', () => {
  const epochs = [keepChunks(beginEpoch(0, 'video/webm'), [chunk(1_000), chunk(2_000)]), keepChunks(beginEpoch(1, 'video/webm'), [chunk(5_000)])]
  expect(figuresOf({ ...publishing, epochs }, 9_000)).toMatchObject({ waitingChunks: 3, waitingBytes: 15, waiting_s: 8, kept_s: 4 })
  expect(figuresOf({ ...publishing, epochs }, 99_000)).toMatchObject({ waiting_s: 98, kept_s: 4 })
})
