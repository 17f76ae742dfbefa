/** One fault from beginning to end: a world, streams, the strike, and the judgement. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../actors/archive/testing/until.ts'
import type { Recording } from '../../actors/testing/recordings.ts'
import { recording } from '../../actors/testing/recordings.ts'
import { film } from '../kit/film.ts'
import { readRecording } from '../kit/watching.ts'
import { type Moment, moments } from './arrangement.ts'
import { ChaosStream } from './ChaosStream.ts'
import { ChaosWorld } from './ChaosWorld.ts'
import type { Fault } from './Fault.ts'
import { type Broken, judgeStream, longestWait_ms, note } from './invariants.ts'
import { heldByNodes, leftBehind } from './leftovers.ts'
import { type SharedStores, startWorldServices } from './worldServices.ts'

/** How a fault went. */
export interface FaultResult {
  readonly fault: Fault
  readonly broken: Broken
  readonly streams: number
  /** Figures by name, ms. */
  readonly figures: ReadonlyMap<string, number>
  readonly took_s: number
  /** Logs, kept where something is broken. */
  readonly folder: string
}

const segment_s = 2
/** Where the fault finds the stream of each moment, in seconds of its own time; keyframes come each second. */
const position_s: Readonly<Record<Moment, number>> = { begin: 2.15, middle: 3, beforeEnd: 3.85, between: 4 }
const strike_s = Math.max(...Object.values(position_s))
/** Streams go on for so long after all is healed. */
const healthy_ms = 2_500
/** Long enough for every fault; nobody sends all of it. */
const film_s = 90
/** A viewer that gets no answer from any edge for longer than this is shown as such. */
const noted_ms = 2_000
/** Publishers may take this long to have all acknowledged and to end, and viewers to come to the end behind them. */
const endWithin_ms = 60_000
/** An FFmpeg that has given nothing yet may take its time. */
const firstFramesWithin_ms = 30_000

let filmed: Promise<Recording> | undefined

const startStreams = async (world: ChaosWorld, { platform = {}, moments: wanted = moments }: Fault): Promise<ReadonlyArray<ChaosStream>> => {
  const { publisherSilence_ms: silence_ms, publisherPatience_ms: giveUpAfter_ms } = platform
  const begin = async (moment: ChaosStream['moment'], source: Recording, position: number): Promise<ChaosStream> => {
    await delay((strike_s - position) * 1000)
    return ChaosStream.start({
      id: `chaos-${moment}`,
      moment,
      recording: source,
      edges: () => world.edges.map(({ url }) => url),
      publisher: { ...(silence_ms === undefined ? {} : { silence_ms }), ...(giveUpAfter_ms === undefined ? {} : { giveUpAfter_ms }) },
      viewerPatience_ms: platform.viewerPatience_ms ?? 20_000,
    })
  }
  const source = await (filmed ??= film(film_s))
  const browser = platform.browser === true ? [begin('browser', recording('vp8.webm'), 3.3)] : []
  return Promise.all([...wanted.map((moment) => begin(moment, source, position_s[moment])), ...browser])
}

/** What viewers ask for now, in words. */
const asking = (world: ChaosWorld): string =>
  world.streams
    .flatMap(({ route }) => route.pending())
    .map(({ path, lasted_ms, statuses }) => `asking for ${path} since ${lasted_ms.toFixed(0)} ms (${statuses.join(' ')})`)
    .join('; ') || 'nobody asks for anything'

const hasFrames = async (world: ChaosWorld, id: string): Promise<boolean> => (await world.nats.media(id)).some(({ body }) => body === 'fragments')

const runStreams = async (world: ChaosWorld, fault: Fault, strike: (world: ChaosWorld) => Promise<void>, broken: Broken): Promise<void> => {
  const begun_ms = performance.now()
  world.streams = await startStreams(world, fault)
  await world.untilAllRun(5_000)
  await until('every stream has its first frames in the log', async () => ((await Promise.all(world.streams.map(({ id }) => hasFrames(world, id)))).every((has) => has) ? true : undefined), firstFramesWithin_ms)
  await world.startStandby()
  const sinceFirst_s = (performance.now() - begun_ms) / 1000
  // Where the start took longer, the same moments come again a segment later.
  const segmentsLater = Math.max(0, Math.ceil((sinceFirst_s - strike_s) / segment_s))
  await delay((strike_s + segmentsLater * segment_s - sinceFirst_s) * 1000)
  await strike(world).catch((error: unknown) => note(broken, 'struck', String(error)))
  await delay(healthy_ms)
  await within(Promise.all(world.streams.map((stream) => stream.finish())), () => 'publishers had not ended')
  await within(Promise.all(world.streams.map(({ watching }) => watching)), () => `viewers had not come to the end; ${asking(world)}`)
}

const within = <A>(work: Promise<A>, otherwise: () => string): Promise<A> =>
  Promise.race([work, delay(endWithin_ms, undefined, { ref: false }).then(() => Promise.reject(new Error(`${otherwise()} after ${endWithin_ms} ms`)))])

const judge = async (world: ChaosWorld, fault: Fault, broken: Broken): Promise<void> => {
  const expects = fault.expects ?? {}
  const edge = world.edges.find((node) => !node.hasExited())
  if (edge === undefined) throw new Error('no edge is left to read the recordings from')
  const archives = await Promise.all(world.streams.map(({ id }) => readRecording(edge.url, id, expects.archiveWithin_ms)))
  note(broken, 'archive', ...((await fault.afterwards?.(world)) ?? []))
  const held = await until('nothing is held', async () => ((await heldByNodes(world)).length === 0 ? [] : undefined), 10_000).catch(() => heldByNodes(world))
  note(broken, 'clean', ...held)
  await world.stop()
  note(broken, 'clean', ...(await leftBehind(world, expects)))
  for (const [index, stream] of world.streams.entries()) await judgeStream(stream, archives[index] ?? new Map(), { ...expects, picturesWanted: fault.platform?.ladder === true ? 2 : 1 }, broken)
  // A source that has come to its end gives viewers nothing to wait for.
  const going = world.streams.filter(({ isSending }) => isSending)
  const waits = await Promise.all(going.map(async ({ watching }) => longestWait_ms(await watching)))
  world.figures.set('longest wait of a viewer', Math.max(0, ...waits))
  const outages_ms = going.flatMap(({ route }) => route.outages.map(({ lasted_ms }) => lasted_ms))
  if (Math.max(0, ...outages_ms) > noted_ms) world.figures.set('a viewer without an answer for', Math.max(...outages_ms))
}

/** Runs a fault; `alone`: with nothing beside it. Never rejects: what goes wrong is in the result. */
export const runFault = async (fault: Fault, shared: SharedStores, alone = false): Promise<FaultResult> => {
  const begun_ms = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  const broken: Broken = new Map()
  let world: ChaosWorld | undefined
  const closing: Array<() => Promise<void>> = []
  try {
    mkdirSync(folder, { recursive: true })
    const services = await startWorldServices(shared, fault.platform ?? {})
    closing.unshift(services.close)
    const { arrangement, strike } = await fault.arrange(services)
    closing.unshift(arrangement.close ?? (async () => undefined))
    world = await ChaosWorld.start({ services, arrangement, needs: fault.platform ?? {}, alone, folder })
    const { stop } = world
    closing.unshift(() => stop.call(world))
    await runStreams(world, fault, strike, broken)
    await judge(world, fault, broken)
  } catch (error) {
    note(broken, 'struck', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  for (const close of closing) await close().catch((error: unknown) => note(broken, 'clean', String(error)))
  if (broken.size === 0) rmSync(folder, { recursive: true })
  const took_s = (performance.now() - begun_ms) / 1000
  return { fault, broken, streams: world?.streams.length ?? 0, figures: world?.figures ?? new Map(), took_s, folder }
}
