import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMessage } from './watchMessage.ts'

test('what the edge says is read', () => {
  expect(readMessage('{"type":"state","state":"failed","reason":"no video"}')).toEqual({ type: 'state', state: 'failed', reason: 'no video' })
  expect(readMessage('{"type":"rendition","name":"480p","mode":"auto","reason":"slow"}')).toEqual({ type: 'rendition', name: '480p' })
  expect(readMessage('{"type":"renditions","renditions":[{"name":"audio","kind":"audio"},{"name":"source","kind":"video","width":1280,"height":720}]}')).toEqual({
    type: 'renditions',
    renditions: [
      { name: 'audio', kind: 'audio', width: 0, height: 0, bandwidth: 0 },
      { name: 'source', kind: 'video', width: 1280, height: 720, bandwidth: 0 },
    ],
  })
})

test('numbers of renditions stay what they are when an entry cannot be read', () => {
  const message = readMessage('{"type":"renditions","renditions":[null,{"name":"a","kind":"audio"}]}')
  expect(message?.type === 'renditions' && message.renditions[1]?.name).toBe('a')
})

test('whatever text comes is read or left alone', () => {
  expect(readMessage('{"type":"state","state":"dreaming"}')).toBeUndefined()
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readMessage(text)))
})
