import { expect, it } from 'vitest'
import { roomForActors } from './roomForActors.ts'

const owner = { roles: ['actors', 'archive'], draining: false, capacity: 2 }

it('there is room while fewer streams are live than living actor nodes may own', () => {
  expect(roomForActors([owner, owner], 3)).toEqual({ capacity: 4, refusal: undefined })
  expect(roomForActors([owner, owner], 4)).toEqual({ capacity: 4, refusal: 'no actor node has room' })
})

it('nodes that drain, and those that own no actors, have no room', () => {
  expect(roomForActors([owner, { ...owner, draining: true }, { ...owner, roles: ['edge'] }], 2)).toEqual({ capacity: 2, refusal: 'no actor node has room' })
})

it('no actor node at all is said as such', () => {
  expect(roomForActors([{ ...owner, roles: ['edge'] }], 0)).toEqual({ capacity: 0, refusal: 'no actor node is alive' })
})
