import { expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { recording } from '../actors/testing/recordings.ts'
import { decodeCapture } from './kit/comparison.ts'
import { PublishingEnded } from './kit/edgeSocket.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { startPublishing } from './kit/publisher.ts'
import { readRecording } from './kit/watching.ts'

const platform = usePlatform({ environment: { MILLRACE_CAPACITY: '1' } })
const source = recording('h264.webm')

/** What `/ready` says of the actor nodes; undefined while it has nothing to say against them. */
const complaint = async (edge: PlatformNode): Promise<string | undefined> => {
  const answer = await fetch(`${edge.url}/ready`)
  const { dependencies } = (await answer.json()) as { readonly dependencies: ReadonlyArray<{ readonly name: string; readonly ready: boolean; readonly reason?: string }> }
  const room = dependencies.find(({ name }) => name === 'room on the actor nodes')
  expect(answer.status).toBe(dependencies.every(({ ready }) => ready) ? 200 : 503)
  return room?.reason
}

const refusalOf = (edge: PlatformNode): Promise<unknown> => startPublishing(edge.url).then(() => undefined, (error: unknown) => error)

test('a platform whose actor nodes are full or gone refuses new streams with 1013 and says so; the streams it has go on', async () => {
  const [edge, actors] = await Promise.all([platform.start({ name: 'edge', roles: 'edge,archive' }), platform.start({ name: 'actors', roles: 'actors' })])
  await until('a lease has passed, and there is room', async () => ((await complaint(edge)) === undefined ? true : undefined))
  const publisher = await startPublishing(edge.url, { recordingId: 'first', mimeType: source.mimeType })
  const half = Math.floor(source.chunks.length / 2)
  for (const { bytes } of source.chunks.slice(0, half)) publisher.send(bytes)
  await until('the platform is full', async () => ((await complaint(edge)) === 'no actor node has room' ? true : undefined))
  const full = await refusalOf(edge)
  expect(full).toBeInstanceOf(PublishingEnded)
  expect(full).toMatchObject({ code: 1013, message: expect.stringContaining('no actor node has room') as string })

  actors.signal('SIGKILL')
  await actors.exited
  await until('nobody is there', async () => ((await complaint(edge)) === 'no actor node is alive' ? true : undefined))
  expect(await refusalOf(edge)).toMatchObject({ code: 1013, message: expect.stringContaining('no actor node is alive') as string })
  publisher.drop()
  for (const { bytes } of source.chunks.slice(half)) publisher.send(bytes)
  await publisher.drained()
  expect(publisher.messages.filter(({ type }) => type === 'resumed').length).toBe(1)

  await platform.start({ name: 'actors-again', roles: 'actors' })
  await publisher.stop()
  const archived = (await readRecording(edge.url, 'first')).get('source')
  if (archived === undefined) throw new Error('there is no recording')
  expect((await decodeCapture(archived)).frames.length).toBe(source.frames)
  const next = await startPublishing(edge.url, { recordingId: 'second', mimeType: source.mimeType })
  next.leave()
})
