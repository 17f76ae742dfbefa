import { expect, test } from 'vitest'
import { isMirrored } from './mirroring.ts'

test('cameras that look at their user are mirrors, those on the back of a phone and screens are not', () => {
  expect([isMirrored('camera', 'user'), isMirrored('camera', undefined), isMirrored('camera', 'environment'), isMirrored('screen', undefined)]).toEqual([true, true, false, false])
})
