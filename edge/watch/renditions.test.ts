import { expect, it } from 'vitest'
import { choiceOf, isSameList, type ListedRendition } from './renditions.ts'

const video = (name: string, height: number, bandwidth = 0): ListedRendition => ({ name, kind: 'video', codec: 'avc1.64001f', width: height, height, bandwidth })
const audio: ListedRendition = { name: 'audio', kind: 'audio', codec: 'mp4a.40.2', width: 0, height: 0, bandwidth: 128_000 }

it('orders videos from the best to the least, whatever the order of the list', () => {
  expect(choiceOf([video('240p', 240), audio, video('source', 1080), video('480p', 480)])).toEqual({ ladder: ['source', '480p', '240p'], audio: 'audio' })
  expect(choiceOf([video('thin', 480, 1), video('thick', 480, 2)])).toEqual({ ladder: ['thick', 'thin'], audio: undefined })
  expect(choiceOf([audio])).toEqual({ ladder: [], audio: 'audio' })
})

it('takes lists for the same whose bandwidths were only measured anew', () => {
  const list = [video('source', 720, 1_000_000), audio]
  expect(isSameList(list, [video('source', 720, 1_050_000), audio])).toBe(true)
  expect(isSameList(list, [video('source', 720, 1_200_000), audio])).toBe(false)
  expect(isSameList(list, [video('source', 480, 1_000_000), audio])).toBe(false)
  expect(isSameList(list, [audio, video('source', 720, 1_000_000)])).toBe(false)
  expect(isSameList(list, [video('source', 720, 1_000_000)])).toBe(false)
})
