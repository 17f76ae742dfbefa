import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { NodeStateSchema } from '../../proto/gen/millrace/v1/node_pb.js'
import { heardOf } from './heard.ts'
import { mostViewed } from './Viewers.ts'

it('viewers are added up over all nodes but the own one; lag and publishers are taken from whoever has them', () => {
  const nodes = [
    create(NodeStateSchema, { node: 'a', viewers: { garden: 2 }, publishing: ['garden'] }),
    create(NodeStateSchema, { node: 'b', viewers: { garden: 3, street: 1 }, actors: { garden: { lagMs: 7 } } }),
    create(NodeStateSchema, { node: 'c', viewers: { garden: 4 }, publishing: ['street'] })
  ]
  const { viewers, actors, publishing } = heardOf(nodes, 'a')
  expect(new Map(viewers)).toEqual(new Map([['garden', 7], ['street', 1]]))
  expect(actors.get('garden')).toMatchObject({ lagMs: 7 })
  expect(publishing).toEqual(new Set(['garden', 'street']))
})

it('of very many streams those with most viewers are told', () => {
  const counts = [['a', 1], ['b', 9], ['c', 4]] as const
  expect(mostViewed(counts, 3)).toBe(counts)
  expect(mostViewed(counts, 2)).toEqual([['b', 9], ['c', 4]])
})
