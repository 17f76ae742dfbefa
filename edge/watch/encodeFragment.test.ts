import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { applyRecord } from '../../actors/playlist/applyRecord.ts'
import { openWindow } from '../../actors/playlist/liveWindow.ts'
import { randomLog } from '../../actors/playlist/testing/randomLog.ts'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { encodeFragment } from './encodeFragment.ts'
import { readHeader } from './watchFrame.ts'

const log = randomLog({
  renditions: ['source', 'audio'], windowSegments: 3, framesPerRecord: 1, takeOverEvery: 0, discontinuityEvery: 0, piecesEvery: 0, segments: 3, end: false, seed: 0
})

/** Where each fragment of a rendition begins that viewers get, in s, and whether it says that it does not follow the one before. */
const toldOf = (name: string, lost: ReadonlyArray<number>): ReadonlyArray<{ readonly start_s: number; readonly discontinuity: boolean | undefined }> => {
  const window = openWindow()
  return log.filter((_, index) => !lost.includes(index)).flatMap(({ seq, record }) =>
    applyRecord(window, seq, fromBinary(MediaRecordSchema, toBinary(MediaRecordSchema, record))).added
      .filter(({ rendition }) => rendition.name === name)
      .map((placed) => encodeFragment(placed, 0))
      .map(({ start_s, header }) => ({ start_s, discontinuity: readHeader(header)?.discontinuity }))
  )
}

it('a stream without losses goes on without a discontinuity', () => {
  expect(toldOf('source', []).filter(({ discontinuity }) => discontinuity)).toEqual([])
})

// The third record is the second with media: of the first part viewers have a fragment, and no playlist tells of it.
it.each([['source', 2], ['audio', 96_256 / 48_000]])('%s: behind a loss in the first part of all comes a discontinuity', (name, next_s) => {
  const [first, second, third] = toldOf(name, [2])
  expect(first).toEqual({ start_s: 0, discontinuity: false })
  expect(second).toEqual({ start_s: next_s, discontinuity: true })
  expect(third?.discontinuity).toBe(false)
})
