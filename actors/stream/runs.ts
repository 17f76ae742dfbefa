import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import type { FfmpegPlan, OutputPlan } from '../ffmpeg/plan.ts'
import { stillStep_ms } from '../packager/filler.ts'
import { startFilling } from '../packager/fill.ts'
import { timelineEnd } from '../packager/packager.ts'
import { toCommon } from '../packager/track.ts'
import { type Container, openSource, resumePrefix, seekBehind } from '../source/sourceIndex.ts'
import { SOURCE_AUDIO_BACK_MS_MAX } from '../limits.ts'
import { LATE_MS_MAX, LOSS_AHEAD_MS_MAX, REASON_CHARS_MAX, RUN_GAP_MS, START_WAIT_MS, TIMELINE_OFFSET_MS } from './limits.ts'
import { settleLosses } from './losses.ts'
import { planOutputs } from './outputs.ts'
import { enqueueDiscontinuity, enqueueMark } from './publishing.ts'
import { chunkAt } from './resumePoint.ts'
import type { Next, Run, Source, StreamState } from './streamState.ts'
import type { Turn } from './Turn.ts'
import { NOTHING_WAITS } from './waiting.ts'
import { anchorAt } from './wallClock.ts'

const TICKS_PER_MS = 90

/** The container that a MIME type names. */
export const containerOf = (mimeType: string): Container => (/^(video|audio)\/mp4\b/.test(mimeType) ? 'mp4' : 'webm')

/** Reads a new epoch from its first byte. */
export const beginEpoch = (turn: Turn, epoch: number, mimeType: string, ingestSeq: number): void => {
  const container = containerOf(mimeType)
  const first = turn.state.source === undefined
  const poison = first ? turn.state.poison : undefined
  const index = openSource(container)
  turn.set({
    poison,
    source: { ...emptySource(epoch, mimeType, container), index: poison === undefined ? index : seekBehind(index, { passed: true }), offset_ms: TIMELINE_OFFSET_MS, offsetKnown: first },
    run: newRun(turn),
    resume: { _tag: 'Start', ingestSeq }
  })
}

export const emptySource = (epoch: number, mimeType: string, container: Container): Omit<Source, 'index' | 'offset_ms' | 'offsetKnown'> => ({
  epoch, mimeType, container, header: undefined, tracks: {}, expected: { seq: 0, piece: 0 }, reading: 0, spots: [], unreadable: false, doubt: undefined, receivedAt_ms: 0, storedAt_ms: 0
})

export const newRun = (turn: Turn, change: Partial<Run> = {}): Run => ({
  number: (turn.state.run?.number ?? 0) + 1,
  phase: 'Gathering',
  inMiddle: false,
  gathered: [],
  queuedBytes: 0,
  renditions: [],
  startWaited: false,
  audioOnly: false,
  withoutPictures: false,
  lastPicture: undefined,
  still: undefined,
  pictures: undefined,
  passedOver: 0,
  firstAudio: undefined,
  placed: false,
  found: undefined,
  points: [],
  waiting: NOTHING_WAITS,
  arrival: undefined,
  ...change
})

/** The source goes on from a random-access point with a new FFmpeg, behind a discontinuity. */
export const beginAgain = (turn: Turn, next: Next & { readonly _tag: 'Again' }): void => {
  const { source } = turn.state
  if (source?.header === undefined) return
  const { point, without, passedOver = 0 } = next
  const last = without?.bytes === undefined ? undefined : { from: without.from, bytes: without.bytes, number: without.count - 1 }
  const gathered = [resumePrefix(source.container, source.header, last?.from ?? point), ...(last?.bytes ?? [])]
  const found = passedOver > 0 ? { found: { frames: passedOver } } : {}
  turn.set({ run: newRun(turn, { gathered, points: [point], withoutPictures: without !== undefined, lastPicture: last?.number, ...found }), resume: { _tag: 'Point', point } })
  turn.setSource({ offsetKnown: !comesLate(turn.state, next) })
}

/** Whether pictures that come back are older than the still that stood for them: they get a place behind it. */
const comesLate = ({ packager, source }: StreamState, { point, passedOver }: Next & { readonly _tag: 'Again' }): boolean => {
  const at = point.pts + (source?.offset_ms ?? 0) * TICKS_PER_MS
  return passedOver !== undefined && packager.tracks.some((track) => track.init.info.kind === 'video' && toCommon(track, track.nextDts) > at + LATE_MS_MAX * TICKS_PER_MS)
}

/** The source began anew within its epoch: its new header comes next. */
export const beginRestarted = (turn: Turn): void => {
  turn.set({ run: newRun(turn, { inMiddle: true }) })
  turn.setSource({ offsetKnown: false, header: undefined })
}

/** No more of the source goes into this run; `next` follows when its last frame is in the log. */
export const leaveRun = (turn: Turn, next: Next): void => {
  turn.set({ next })
  const { run } = turn.state
  if (run?.phase === 'Gathering' && run.firstAudio !== undefined) {
    place(turn, run.firstAudio)
    startChild(turn, true, run.firstAudio)
  }
  if (turn.state.run?.phase === 'Gathering') return turn.setRun({ phase: 'Over', gathered: [], queuedBytes: 0 })
  if (turn.state.run?.phase !== 'Feeding') return
  turn.setRun({ phase: 'Draining' })
  turn.act({ _tag: 'EndInput', run: turn.state.run.number })
}

/** There is no going on with this source: what is whole is kept, and everyone learns the reason. */
export const fail = (turn: Turn, reason: string): void => {
  const failure = reason.slice(0, REASON_CHARS_MAX)
  turn.set({ failure })
  turn.act({ _tag: 'EndIngest', reason: EndReason.FAILED, ifHead: undefined })
  leaveRun(turn, { _tag: 'End', reason: EndReason.FAILED, detail: failure })
}

/** Source time 0 on the timeline, 90 kHz ticks. */
export const offsetTicks = (turn: Turn): number => (turn.state.source?.offset_ms ?? 0) * TICKS_PER_MS

/** The first frame of a run settles where the run lies on the timeline, and which wall clock that is. */
export const place = (turn: Turn, firstPts: number): void => {
  const { source, run, packager } = turn.state
  if (source === undefined || run === undefined || run.placed) return
  turn.setRun({ placed: true })
  const first = run.points[0]
  if ((run.inMiddle || run.found !== undefined) && first !== undefined) turn.set({ resume: { _tag: 'Point', point: first } })
  if (!source.offsetKnown || (run.found !== undefined && isElsewhere(turn, firstPts + offsetTicks(turn)))) {
    const begin_ms = packager.tracks.some(({ frames }) => frames > 0) ? timelineEnd(packager) / TICKS_PER_MS + RUN_GAP_MS : TIMELINE_OFFSET_MS
    // In a checkpoint 0 says that the place is not known.
    const offset_ms = Math.ceil(begin_ms - firstPts / TICKS_PER_MS) || 1
    turn.setSource({ offset_ms, offsetKnown: true })
  }
  const reason = turn.state.missing.at(-1)?.reason
  if (run.found !== undefined && first !== undefined) settleLosses(turn, chunkAt(source, first.position), run.found.frames)
  if (run.found !== undefined) turn.set({ poison: undefined })
  if (packager.tracks.some(({ lastPts }) => lastPts >= 0) && !continues(turn)) enqueueDiscontinuity(turn, reason ?? 'the source changed')
  else if (reason !== undefined) enqueueMark(turn, reason)
  const ticks = firstPts + offsetTicks(turn)
  // What an earlier owner has begun keeps its wall clock: only behind a discontinuity may it leap.
  const anchor = continues(turn) && packager.anchor !== undefined ? packager.anchor : anchorAt(packager.anchor, ticks, source.receivedAt_ms)
  turn.set({ beginTicks: turn.state.beginTicks ?? ticks, packager: { ...turn.state.packager, anchor } })
}

/** Whether the run goes on with frames that an earlier owner has published. */
const continues = ({ state: { run, resumed } }: Turn): boolean => run?.number === 1 && run.found === undefined && resumed

/** Whether a time on the timeline, behind a loss, is none that the source can have come to in the meantime. */
const isElsewhere = ({ state: { packager } }: Turn, at: number): boolean => {
  const published = packager.tracks.filter(({ lastPts }) => lastPts >= 0)
  const pictures = published.filter(({ init }) => init.info.kind === 'video')
  const back = pictures.length > 0 ? pictures.some((track) => at <= toCommon(track, track.lastPts)) : published.some((track) => at < toCommon(track, track.nextDts) - SOURCE_AUDIO_BACK_MS_MAX * TICKS_PER_MS)
  return back || at > timelineEnd(packager) + LOSS_AHEAD_MS_MAX * TICKS_PER_MS
}

/** What the source does not give, and viewers know, is filled from here on. */
const fillGaps = (turn: Turn, outputs: ReadonlyArray<OutputPlan>, begin: number): void => {
  const step_ms = stillStep_ms(turn.state.packager.partTarget_us)
  const fill = (kind: 'video' | 'audio'): void => turn.set({ packager: startFilling(turn.state.packager, kind, begin, step_ms) })
  if (outputs.some(({ _tag }) => _tag === 'Silence')) fill('audio')
  if (!outputs.some(({ _tag }) => _tag === 'StillVideo')) return
  fill('video')
  turn.setRun({ still: { next: begin, step: step_ms * TICKS_PER_MS } })
}

/** Starts FFmpeg and gives it what has been gathered, of which the first frame is at `firstPts`. */
export const startChild = (turn: Turn, audioOnly: boolean, firstPts: number): void => {
  const { run, source } = turn.state
  if (run === undefined || source === undefined) return
  const outputs = planOutputs(turn.state, source, audioOnly)
  fillGaps(turn, outputs, firstPts + offsetTicks(turn))
  const plan: FfmpegPlan = { container: source.container, timelineOffset_ms: source.offset_ms, outputs }
  turn.setRun({ phase: 'Feeding', gathered: [], audioOnly, renditions: outputs.map(({ rendition }) => rendition) })
  turn.act({ _tag: 'Spawn', run: run.number, plan })
  for (const bytes of run.gathered) turn.act({ _tag: 'Feed', run: run.number, bytes })
  turn.act({ _tag: 'SetTimer', timer: 'start', after_ms: START_WAIT_MS })
}
