import { expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { recording } from '../actors/testing/recordings.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { startPublishing } from './kit/publisher.ts'

const platform = usePlatform()
const source = recording('h264.webm')

const metricsOf = async ({ url }: PlatformNode): Promise<string> => (await fetch(`${url}/metrics`)).text()

/** What a sample reads, by its name and labels as they are written; undefined where it is not there. */
const sampleOf = (metrics: string, sample: string): number | undefined => {
  const line = metrics.split('\n').find((text) => text.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.slice(sample.length + 1))
}

/** Waits until a sample of a node is at least so much. */
const untilAtLeast = (node: PlatformNode, sample: string, least: number): Promise<true> =>
  until(`${node.name}: ${sample} is at least ${least}`, async () => ((sampleOf(await metricsOf(node), sample) ?? -1) >= least ? true : undefined))

/** Every sample belongs to a family that is declared once, and reads as a number. */
const expectWellFormed = (metrics: string): void => {
  const declared = [...metrics.matchAll(/^# TYPE (\S+) (?:counter|gauge)$/gm)].map(([, name]) => name)
  expect(new Set(declared).size, metrics).toBe(declared.length)
  for (const line of metrics.trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue
    const [, name, value] = /^([a-z_]+)(?:\{[a-z]+="[A-Za-z0-9_. -]*"\})? (\S+)$/.exec(line) ?? []
    expect(declared, line).toContain(name)
    expect(Number.isFinite(Number(value)), line).toBe(true)
  }
}

test('each process answers probes on its port, whatever it does, and counts a killed FFmpeg, its successor and what was archived', async () => {
  const [edge, actors, archive] = await Promise.all([
    platform.start({ name: 'edge', roles: 'edge' }),
    platform.start({ name: 'actors', roles: 'actors' }),
    platform.start({ name: 'archive', roles: 'archive' })
  ])
  const nodes = [edge, actors, archive]
  for (const { name, url } of nodes) {
    expect((await fetch(`${url}/health`)).status, name).toBe(200)
    const ready = await fetch(`${url}/ready`)
    expect(await ready.json(), name).toMatchObject({ dependencies: expect.arrayContaining([expect.objectContaining({ name: 'nats', ready: true })]) as unknown })
  }
  expect((await fetch(`${actors.url}/api/streams`)).status).toBe(404)

  const publisher = await startPublishing(edge.url, { recordingId: 'watched-by-operators', mimeType: source.mimeType })
  const half = Math.floor(source.chunks.length / 2)
  for (const { bytes } of source.chunks.slice(0, half)) publisher.send(bytes)
  await untilAtLeast(actors, 'millrace_node_actors', 1)
  const [ffmpeg] = await until('FFmpeg runs', async () => (actors.ffmpegs().length > 0 ? actors.ffmpegs() : undefined))
  process.kill(ffmpeg ?? 0, 'SIGKILL')
  await untilAtLeast(actors, 'millrace_actor_restarts_total{why="ended"}', 1)
  await untilAtLeast(actors, 'millrace_actor_takeovers_total{of="running"}', 1)
  for (const { bytes } of source.chunks.slice(half)) publisher.send(bytes)
  await publisher.drained()
  await publisher.stop()
  await untilAtLeast(archive, 'millrace_archive_recordings_total{outcome="archived"}', 1)

  const shown = await Promise.all(nodes.map(metricsOf))
  for (const metrics of shown) {
    expectWellFormed(metrics)
    expect(metrics).not.toContain('watched-by-operators')
    expect(sampleOf(metrics, 'millrace_nodes')).toBe(3)
    expect(sampleOf(metrics, 'millrace_log_limit_bytes{log="MEDIA_0"}')).toBeGreaterThan(0)
  }
  expect(sampleOf(shown[0] ?? '', 'millrace_streams_with_losses')).toBe(0)
  expect(sampleOf(shown[1] ?? '', 'millrace_actor_takeovers_total{of="new"}')).toBe(1)
  expect(sampleOf(shown[2] ?? '', 'millrace_archive_breaker_open{dependency="store"}')).toBe(0)
})
