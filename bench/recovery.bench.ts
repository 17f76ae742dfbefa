/**
 * How long a live stream stands still: FFmpeg killed (from the successor's TakeOver, behind which it is fed the backlog, to
 * its first frames on MEDIA, and from the kill), its node killed (from the kill to the first frames of the new owner, at a
 * lease of 1 s), and its node drained (from SIGTERM to the same). `BENCH_RUNS` (10) of each, by the times at which NATS stored the records;
 * 640 × 360 at 30 frames a second, copied, with a keyframe each second.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../actors/archive/testing/until.ts'
import { type StoredMedia, natsView } from '../e2e/chaos/natsView.ts'
import { goingOn_ms, takeOver_ms } from '../e2e/chaos/ownership.ts'
import { film } from '../e2e/kit/film.ts'
import type { PlatformNode } from '../e2e/kit/platformNode.ts'
import { publishRecording } from '../e2e/kit/publishRecording.ts'
import { median } from '../e2e/kit/quantile.ts'
import { services, startBenchNode } from './platform.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 10)
const shards = 4
const id = 'recovery'
/** Between kills: long enough for a checkpoint ahead, and not a whole number of keyframe intervals. */
const pause_ms = 1_730

const view = natsView(services.NATS_URL, shards)

const ownerAmong = (actors: ReadonlyArray<PlatformNode>): Promise<PlatformNode> =>
  until('somebody runs the stream', async () => actors.find((node) => node.ffmpegs().length > 0))

/** MEDIA once it shows a change of owner after that time. */
const untilGoingOn = (since_ms: number): Promise<ReadonlyArray<StoredMedia>> =>
  until('the stream goes on', async () => {
    const records = await view.media(id)
    return goingOn_ms(records, since_ms) === undefined ? undefined : records
  })

const killFfmpeg = async (actors: ReadonlyArray<PlatformNode>): Promise<{ readonly fedToFrames_ms: number; readonly killedToFrames_ms: number }> => {
  await delay(pause_ms)
  const [ffmpeg = 0] = (await ownerAmong(actors)).ffmpegs()
  const since_ms = Date.now()
  process.kill(ffmpeg, 'SIGKILL')
  const records = await untilGoingOn(since_ms)
  const takeOver = records.find(({ body, at_ms }) => body === 'takeOver' && at_ms >= since_ms)
  const fedToFrames_ms = goingOn_ms(records, since_ms) ?? 0
  return { fedToFrames_ms, killedToFrames_ms: (takeOver?.at_ms ?? 0) - since_ms + fedToFrames_ms }
}

/** Ends the owner, by a signal of its own, and starts it again; from the signal to the frames of the next owner, ms. */
const endNode = async (actors: Array<PlatformNode>, signal: 'SIGKILL' | 'SIGTERM'): Promise<number> => {
  await delay(pause_ms)
  const owner = await ownerAmong(actors)
  const since_ms = Date.now()
  owner.signal(signal)
  const { took_ms = 0 } = takeOver_ms(await untilGoingOn(since_ms), since_ms) ?? {}
  await owner.exited
  actors[actors.indexOf(owner)] = await startBenchNode(owner.name, owner.roles)
  return took_ms
}

const edge = await startBenchNode('edge', 'edge,archive')
const actors = await Promise.all([startBenchNode('actors-a', 'actors'), startBenchNode('actors-b', 'actors')])
try {
  const recorded = await film(30 + runs * 12, { width: 640, height: 360, bitrate: 1_000_000 })
  const ffmpegs: Array<{ readonly fedToFrames_ms: number; readonly killedToFrames_ms: number }> = []
  const killed: Array<number> = []
  const drained: Array<number> = []
  const over = new AbortController()
  const publishing = publishRecording(edge.url, recorded, { recordingId: id, onChunk: () => over.signal.throwIfAborted() })
  publishing.catch(() => undefined)
  for (let run = 0; run < runs; run++) ffmpegs.push(await killFfmpeg(actors))
  for (let run = 0; run < runs; run++) killed.push(await endNode(actors, 'SIGKILL'))
  for (let run = 0; run < runs; run++) drained.push(await endNode(actors, 'SIGTERM'))
  over.abort()
  printResult('recovery', {
    runs,
    fedToFrames_ms: median(ffmpegs.map(({ fedToFrames_ms }) => fedToFrames_ms)),
    fedToFrames_wanted_max_ms: 150,
    killedToFrames_ms: median(ffmpegs.map(({ killedToFrames_ms }) => killedToFrames_ms)),
    takeOver_ms: median(killed),
    takeOver_wanted_max_ms: 1_500,
    handOver_ms: median(drained),
    handOver_wanted_max_ms: 300,
    each_fedToFrames_ms: ffmpegs.map(({ fedToFrames_ms }) => fedToFrames_ms),
    each_takeOver_ms: killed,
    each_handOver_ms: drained,
  })
} finally {
  await Promise.all([edge, ...actors].map((node) => node.stop()))
}
