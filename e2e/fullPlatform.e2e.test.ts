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

/** How many streams the actor nodes may own, and how many are live, as an edge measures it; an edge stays ready whatever that is. */
const room = async (edge: PlatformNode): Promise<{ readonly live: number; readonly capacity: number }> => {
  const [ready, metrics] = await Promise.all([fetch(`${edge.url}/ready`), fetch(`${edge.url}/metrics`).then((answer) => answer.text())])
  expect(ready.status, await ready.text()).toBe(200)
  const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  return { live: gauge('millrace_streams_live'), capacity: gauge('millrace_streams_capacity') }
}

const untilRoom = (edge: PlatformNode, what: string, live: number, capacity: number): Promise<true> =>
  until(what, async () => {
    const now = await room(edge)
    return now.live === live && now.capacity === capacity ? true : undefined
  })

const times = (edge: PlatformNode, text: string): number => edge.log().split(text).length - 1
const refused = (edge: PlatformNode): number => times(edge, 'new streams are refused')

/** The log has said of each time that it is over. */
const untilSaidOver = (edge: PlatformNode): Promise<true> =>
  until('the log says that streams are taken', async () => (refused(edge) === times(edge, 'new streams are taken again') ? true : undefined))

const refusalOf = (edge: PlatformNode): Promise<unknown> => startPublishing(edge.url).then(() => undefined, (error: unknown) => error)

test('a platform whose actor nodes are full or gone refuses new streams with 1013 and says so once; it stays ready, and the streams it has go on', async () => {
  const [edge, actors] = await Promise.all([platform.start({ name: 'edge', roles: 'edge,archive' }), platform.start({ name: 'actors', roles: 'actors' })])
  await untilRoom(edge, 'there is room', 0, 1)
  await untilSaidOver(edge)
  const before = refused(edge)
  const publisher = await startPublishing(edge.url, { recordingId: 'first', mimeType: source.mimeType })
  const half = Math.floor(source.chunks.length / 2)
  for (const { bytes } of source.chunks.slice(0, half)) publisher.send(bytes)
  await untilRoom(edge, 'the platform is full', 1, 1)
  await until('the log says so', async () => (refused(edge) > before ? true : undefined))
  const full = await refusalOf(edge)
  expect(full).toBeInstanceOf(PublishingEnded)
  expect(full).toMatchObject({ code: 1013, message: expect.stringContaining('no actor node has room') as string })

  actors.signal('SIGKILL')
  await actors.exited
  await untilRoom(edge, 'nobody is there', 1, 0)
  expect(await refusalOf(edge)).toMatchObject({ code: 1013, message: expect.stringContaining('no actor node is alive') as string })
  expect(refused(edge)).toBe(before + 1)
  publisher.drop()
  for (const { bytes } of source.chunks.slice(half)) publisher.send(bytes)
  await publisher.drained()
  expect(publisher.messages.filter(({ type }) => type === 'resumed').length).toBe(1)

  await platform.start({ name: 'actors-again', roles: 'actors' })
  await publisher.stop()
  const archived = (await readRecording(edge.url, 'first')).get('source')
  if (archived === undefined) throw new Error('there is no recording')
  expect((await decodeCapture(archived)).frames.length).toBe(source.frames)
  await untilSaidOver(edge)
  const next = await startPublishing(edge.url, { recordingId: 'second', mimeType: source.mimeType })
  next.leave()
})
