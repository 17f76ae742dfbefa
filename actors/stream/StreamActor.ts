import { Effect } from 'effect'
import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { ActorKind, Owned } from '../../runtime/ActorKind.ts'
import { Buckets } from '../../runtime/Bucket.ts'
import { TICK_MS } from '../../runtime/limits.ts'
import { Log } from '../../runtime/Log.ts'
import type { LogFill } from '../../runtime/LogFill.ts'
import { Nats } from '../../runtime/Nats.ts'
import { Ffmpeg } from '../ffmpeg/FfmpegChild.ts'
import { openSource, resumeSource } from '../source/sourceIndex.ts'
import { decideStream } from './behavior.ts'
import { readPackager } from './checkpoint.ts'
import { closeFailed } from './closeFailed.ts'
import { keepingUp } from './keepingUp.ts'
import { TIMELINE_OFFSET_MS } from './limits.ts'
import { mediaCodec } from './mediaCodec.ts'
import { makePerformer } from './performer.ts'
import { behindPoison, suspect } from './poison.ts'
import { readPoint, readTracks } from './resumePoint.ts'
import { containerOf, emptySource, newRun } from './runs.ts'
import type { Action, StreamAction, StreamConfig, StreamMessage, StreamState } from './streamState.ts'
import { StreamSettings } from './StreamSettings.ts'
import { Turn } from './Turn.ts'

/** What a stream actor needs of its node. */
export type StreamNeeds = Log | LogFill | Buckets | Ffmpeg | StreamSettings | Nats

/** Every live stream is one of these. */
export const streamActor = Effect.gen(function* () {
  const settings = yield* StreamSettings
  const { messageBytesMax } = yield* Log
  const kind: ActorKind<MediaRecord, StreamState, StreamMessage, StreamAction, StreamNeeds> = {
    kind: 'stream',
    inbox: 'ingest',
    outbox: 'media',
    codec: mediaCodec,
    begin: (owned, now_ms) => beginStream({ id: owned.id, token: owned.token, resumeSeq: owned.resumeSeq, settings, messageBytesMax }, owned, now_ms),
    decide: decideStream,
    figures: keepingUp,
    waitsForWorld: new Set(['window']),
    performer: makePerformer,
    wanted: Effect.gen(function* () {
      const { streams } = yield* Buckets
      return (yield* streams.all).filter(({ value }) => value.status === StreamStatus.LIVE).map(({ key }) => key)
    }),
    isWanted: (id) =>
      Effect.gen(function* () {
        const { streams } = yield* Buckets
        return (yield* streams.get(id))?.value.status === StreamStatus.LIVE
      }),
    onFailed: closeFailed
  }
  return kind
})

/** The state of a stream just taken over: new, or as its checkpoint says. */
export const beginStream = (config: StreamConfig, owned: Owned<MediaRecord>, now_ms: number): { readonly state: StreamState; readonly actions: ReadonlyArray<Action> } => {
  const checkpoint = mediaCodec.takeOver(owned.head).checkpoint
  const turn = new Turn(emptyState(config, owned, checkpoint, now_ms), now_ms)
  if (checkpoint?.source !== undefined) resume(turn, checkpoint)
  turn.act({ _tag: 'SetTimer', timer: 'window', after_ms: config.settings.reconnectWindow_ms })
  turn.act({ _tag: 'SetTimer', timer: 'tick', after_ms: TICK_MS })
  return { state: turn.state, actions: turn.actions }
}

const emptyState = (config: StreamConfig, owned: Owned<MediaRecord>, checkpoint: Checkpoint | undefined, now_ms: number): StreamState => ({
  config,
  packager: readPackager(checkpoint, config.settings),
  source: undefined,
  run: undefined,
  resume: { _tag: 'Start', ingestSeq: owned.resumeSeq },
  resumed: false,
  next: undefined,
  backlog: [],
  backlogBytes: 0,
  frames: [],
  items: [],
  begun: 0,
  newestSeq: owned.resumeSeq - 1,
  outgoing: [],
  appending: false,
  firstPieceSeq: 0,
  stored: checkpoint,
  storedLater_ms: undefined,
  quiet: false,
  announcing: new Set(),
  missing: [],
  missingUntil: 0,
  losses: checkpoint?.losses ?? [],
  lossesCount: 0,
  lossesTold: 0,
  lostChunks: Number(checkpoint?.lostChunks ?? 0),
  poisonChunks: Number(checkpoint?.poisonChunks ?? 0),
  poison: suspect(owned),
  parking: 0,
  dying: undefined,
  beginTicks: checkpoint === undefined || checkpoint.renditions.length === 0 ? undefined : Number(checkpoint.beginTicks),
  closing: 'No',
  failure: '',
  draining: false,
  space: { inbox: 0, outbox: 0, room_bytes: Number.POSITIVE_INFINITY },
  shown: [{ msn: checkpoint?.openedMsn ?? -1, since_ms: now_ms }],
  described: ''
})

/**
 * Goes on from a checkpoint: from its point, or with the epoch's first byte, of which frames may be published already.
 * An epoch of which none is has no place on the timeline yet.
 */
const resume = (turn: Turn, checkpoint: Checkpoint): void => {
  const saved = checkpoint.source
  if (saved === undefined) return
  const container = containerOf(saved.mimeType)
  const point = readPoint(saved)
  const offsetKnown = checkpoint.timelineOffsetMs !== 0n
  const offset = { offset_ms: offsetKnown ? Number(checkpoint.timelineOffsetMs) : TIMELINE_OFFSET_MS, offsetKnown }
  const source = { ...emptySource(saved.epoch, saved.mimeType, container), ...offset, tracks: readTracks(saved), reading: saved.chunkSeq }
  const { packager, poison } = turn.state
  if (point === undefined) {
    const index = openSource(container)
    const run = newRun(turn, saved.unreadable ? { phase: 'Over' } : {})
    return turn.set({ source: { ...source, index: poison === undefined ? index : behindPoison(index, packager, source, point), unreadable: saved.unreadable }, run, resumed: offsetKnown })
  }
  const { index, prefix } = resumeSource(container, saved.header, point)
  const begun = { ...source, header: saved.header, expected: undefined }
  turn.set({ resume: { _tag: 'Point', point }, resumed: true })
  if (poison !== undefined) return turn.set({ source: { ...begun, index: behindPoison(index, packager, source, point) }, run: newRun(turn) })
  turn.set({ source: { ...begun, index }, run: newRun(turn, { gathered: [prefix], points: [point], withoutPictures: saved.still }) })
}
