import { expect, test } from 'vitest'
import { countViewers, unknownViewers } from './viewers.ts'

const said = (type: 'viewerCount' | 'viewerJoined' | 'viewerLeft', viewerCount: number, recordingId = 'cam') => ({ type, recordingId, viewerCount })

test('the sum over all edges is shown, and what one edge counts only until there is a sum', () => {
  const one = countViewers(unknownViewers, said('viewerJoined', 1), 'cam')
  expect(one.count).toBe(1)
  const all = countViewers(one, said('viewerCount', 5), 'cam')
  expect(countViewers(all, said('viewerLeft', 0), 'cam').count).toBe(5)
})

test('viewers of other streams are none of this one', () => {
  expect(countViewers(unknownViewers, said('viewerCount', 5, 'other'), 'cam')).toBe(unknownViewers)
})
