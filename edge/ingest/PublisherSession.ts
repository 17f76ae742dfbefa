import { Cause, Effect, type Fiber } from 'effect'
import type { StreamStateSchema, StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { Bucket } from '../../runtime/Bucket.ts'
import { type Appender, Log, type LogSubject } from '../../runtime/Log.ts'
import { tell } from '../../runtime/Tell.ts'
import type { ActorRoomShape } from './ActorRoom.ts'
import type { Archived } from './ArchivedSoFar.ts'
import { heardStream } from './heardStream.ts'
import { announce, append, bestEffort, findHalf, findHead, finishedDuration, type PublisherEvent, SAID, untilAnswered } from './ingestLog.ts'
import type { IngestSettingsShape } from './IngestSettings.ts'
import type { FramePool } from './FramePool.ts'
import type { LogSpace } from './LogSpace.ts'
import { ACK_BACKPRESSURE_BYTES, FRAME_BYTES_MAX } from './limits.ts'
import type { ServerMessage } from './messages.ts'
import { beginSession, decide } from './session.ts'
import { CLOSE, type Now, refuse, type SessionAction, type SessionConfig, type SessionInput, type SessionState } from './sessionState.ts'
import type { StreamChanges } from './StreamChanges.ts'

/** The socket as a session sees it. None of these throws, also after the socket has closed. */
export interface Peer {
  readonly send: (text: string) => void
  readonly close: (code: number, reason: string) => void
  /** Bytes sent that the client has not taken yet. */
  readonly bufferedBytes: () => number
}

/** What all sessions of an edge share. */
export interface SessionServices {
  readonly log: Log['Service']
  readonly streams: Bucket<typeof StreamStateSchema>
  readonly changes: StreamChanges['Service']
  readonly space: LogSpace['Service']
  readonly actors: ActorRoomShape
  readonly wasUsed: (id: string) => Effect.Effect<boolean, string>
  readonly frames: FramePool
  readonly archivedSoFar: (id: string) => Effect.Effect<Archived>
  readonly settings: IngestSettingsShape
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly now: () => Now
  readonly config: () => SessionConfig
  readonly figures: { unackedBytes: number; framesAcked: number; readonly closed: Map<number, number> }
}

/** What whoever keeps the sessions is told of one. */
export interface SessionWatcher {
  /** It asks for a stream. False: it may not have one. */
  readonly onAsk: (session: PublisherSession) => boolean
  /** It has its stream. */
  readonly onConnected: (id: string) => void
  readonly onEnd: (session: PublisherSession) => void
}

/** Interpreter of one session: performs what `decide` asks for and gives back what came of it. */
export class PublisherSession {
  readonly #peer: Peer
  readonly #services: SessionServices
  readonly #watcher: SessionWatcher
  readonly #inputs: Array<SessionInput> = []
  #state: SessionState
  #deciding = false
  #inbox: LogSubject | undefined
  #appender: Appender | undefined
  #asked: Fiber.Fiber<void> | undefined
  #detach: (() => void) | undefined
  #heldAck: Extract<SessionAction, { _tag: 'Ack' }> | undefined
  #unackedBytes = 0

  constructor(peer: Peer, services: SessionServices, watcher: SessionWatcher) {
    this.#peer = peer
    this.#services = services
    this.#watcher = watcher
    this.#state = beginSession(services.config(), services.now())
  }

  /** The stream whose publisher is heard on this connection. */
  get publishes(): string | undefined {
    return heardStream(this.#state, this.#services.now().mono_ms)
  }

  /** Whether this edge may hold so many more bytes that are not durable; if not, the publisher is told to go elsewhere. */
  admits(bytes: number): boolean {
    const { figures, settings } = this.#services
    if (bytes > FRAME_BYTES_MAX) {
      this.take({ _tag: 'Cut', code: CLOSE.frameTooBig, message: `a frame may have ${FRAME_BYTES_MAX} bytes` })
      return false
    }
    const admitted = figures.unackedBytes + bytes <= settings.unackedBytesTotalMax
    if (!admitted) this.take({ _tag: 'Cut', code: CLOSE.tryLater, message: 'this edge holds too much that is not durable yet' })
    return admitted
  }

  /** Takes a binary frame out of a buffer that the caller will use again. This is its one copy on the way into the log. */
  takeFrame(frame: ArrayBuffer): void {
    this.take({ _tag: 'Binary', bytes: this.#services.frames.copy(frame) })
  }

  /** The client takes bytes again: the newest ack that was held back goes out. */
  drained(): void {
    const ack = this.#heldAck
    this.#heldAck = undefined
    if (ack !== undefined) this.#ack(ack)
  }

  /** Decides one input, then those that came of it. Never throws: a defect ends this session, and only this one. */
  take(input: SessionInput): void {
    this.#inputs.push(input)
    if (this.#deciding) return
    this.#deciding = true
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next)
    } catch (defect) {
      this.#inputs.length = 0
      this.#services.run(Effect.logError('defect in a publisher session', defect))
      this.#step(DEFECT)
    } finally {
      this.#deciding = false
    }
  }

  #step(input: SessionInput): void {
    if (this.#state._tag === 'Closed') return
    const decided = decide(this.#state, input, this.#services.now())
    const asks = this.#state._tag === 'Waiting' && decided.state._tag === 'Opening'
    const { state, actions } = asks && !this.#watcher.onAsk(this) ? FULL : decided
    this.#state = state
    this.#account(unackedBytes(state))
    try {
      for (const action of actions) this.#perform(action)
    } finally {
      if (state._tag === 'Closed') this.#end()
    }
  }

  #account(bytes: number): void {
    this.#services.figures.unackedBytes += bytes - this.#unackedBytes
    this.#unackedBytes = bytes
  }

  #end(): void {
    this.#asked?.interruptUnsafe()
    this.#detach?.()
    this.#watcher.onEnd(this)
  }

  #perform(action: SessionAction): void {
    const { log, run } = this.#services
    switch (action._tag) {
      case 'Send':
        return this.#send(action.message)
      case 'Ack':
        return this.#count(action)
      case 'Close':
        return this.#close(action.code, action.reason)
      case 'Attach':
        return this.#attach(action.id)
      case 'FindStream':
        return this.#ask(this.#findStream(action.id))
      case 'CreateStream':
        return this.#ask(this.#createStream(action.entry))
      case 'ReadHead':
        return this.#ask(findHead(log, action.id))
      case 'ReadHalf':
        return this.#ask(findHalf(log, action.id, action.position, action.to))
      case 'Append':
        return this.#append(action)
      case 'FindOutcome':
        return this.#ask(this.#findOutcome(action.id))
      case 'Hint':
        run(bestEffort('the hint to the stream actor', tell('stream', action.id).pipe(Effect.provideService(Log, log))))
        return
      case 'Connected':
        this.#watcher.onConnected(action.id)
        return this.#announce(action.id, { case: 'publisherConnected', value: { session: action.session, epoch: action.epoch } })
      case 'Disconnected':
        return this.#announce(action.id, { case: 'publisherDisconnected', value: { session: action.session } })
    }
  }

  /** Runs what a session asked for, of which there is one thing at a time, and takes the answer. */
  #ask(question: Effect.Effect<SessionInput>): void {
    this.#asked = this.#services.run(
      Effect.map(question, (input) => this.take(input)).pipe(
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : Effect.andThen(Effect.logError('defect in what a publisher session asked for', cause), Effect.sync(() => this.take(DEFECT)))
        )
      )
    )
  }

  #append({ id, expected, received_ms, body }: Extract<SessionAction, { _tag: 'Append' }>): void {
    const { log, space, frames } = this.#services
    const inbox = this.#inbox ?? log.subject('ingest', id)
    if (expected !== undefined) [this.#inbox, this.#appender] = [inbox, log.appender(inbox, expected)]
    if (this.#appender === undefined) return
    const appended = Effect.tap(append(this.#appender, frames, received_ms, body), (input) =>
      Effect.sync(() => {
        if (input._tag === 'Refused' && input.why === 'Full') space.refused(inbox.log)
        if (input._tag === 'Stored') space.wrote(inbox.log, body)
      })
    )
    this.#ask(space.takes(inbox.log, body) ? appended : Effect.flatMap(space.willTake(inbox.log, body), (room) => (room ? appended : Effect.succeed(NO_ROOM))))
  }

  #findStream(id: string): Effect.Effect<SessionInput> {
    const { streams, space, actors, wasUsed } = this.#services
    const isOurs = this.#state._tag === 'Opening' && this.#state.config.freshId === id
    const found = (entry: StreamState | undefined, used: boolean, unknown?: string): SessionInput => ({
      _tag: 'StreamFound',
      entry,
      used,
      noRoom: unknown ?? (space.isFull(id) ? 'the log is full' : actors.refusal())
    })
    return Effect.flatMap(untilAnswered(streams.get(id)), (entry) =>
      entry !== undefined || isOurs
        ? Effect.succeed(found(entry?.value, false))
        : Effect.match(wasUsed(id), {
            onSuccess: (used) => found(undefined, used),
            onFailure: (why) => found(undefined, false, `nobody can say whether the id was used before (${why})`)
          })
    )
  }

  /**
   * A create whose answer is lost is made again, then finds the stream there, with this session's own token. The room was
   * found in this same step: it is taken before anybody else can find it, and anew once the entry is there.
   */
  #createStream(entry: StreamState): Effect.Effect<SessionInput> {
    const { streams, actors } = this.#services
    actors.promise(entry.streamId)
    return untilAnswered(
      streams.create(entry.streamId, entry).pipe(
        Effect.map((): SessionInput => {
          actors.promise(entry.streamId)
          this.#announce(entry.streamId, { case: 'streamStarted', value: { title: entry.title } })
          return { _tag: 'StreamCreated' }
        }),
        Effect.catchTag('RevisionConflict', () => Effect.succeed<SessionInput>({ _tag: 'StreamExists' }))
      )
    )
  }

  #findOutcome(id: string): Effect.Effect<SessionInput> {
    const { log, archivedSoFar } = this.#services
    return Effect.map(Effect.all([untilAnswered(finishedDuration(log, id)), archivedSoFar(id)]), ([duration_ms, archived]) => ({
      _tag: 'OutcomeFound',
      outcome: { duration_ms, ...archived }
    }))
  }

  #attach(id: string): void {
    this.#detach?.()
    this.#detach = this.#services.changes.onStream(id, ({ status, reason }) => this.take({ _tag: 'StreamChanged', status, reason }))
  }

  #announce(id: string, event: PublisherEvent): void {
    const { log, run } = this.#services
    const what = SAID[event.case]
    run(Effect.andThen(Effect.logInfo(what, { stream: id, ...event.value }), bestEffort(`"${what}"`, announce(log, id, event))))
  }

  #count(ack: Extract<SessionAction, { _tag: 'Ack' }>): void {
    this.#services.figures.framesAcked += ack.frames
    this.#ack(ack)
  }

  /** Acks are cumulative: while the client does not read, only the newest waits. */
  #ack(ack: Extract<SessionAction, { _tag: 'Ack' }>): void {
    if (this.#peer.bufferedBytes() > ACK_BACKPRESSURE_BYTES) this.#heldAck = ack
    else this.#peer.send(JSON.stringify({ type: 'ack', seq: ack.seq, bytes: ack.bytes }))
  }

  #send(message: ServerMessage): void {
    const ack = this.#heldAck
    this.#heldAck = undefined
    if (ack !== undefined) this.#peer.send(JSON.stringify({ type: 'ack', seq: ack.seq, bytes: ack.bytes }))
    this.#peer.send(JSON.stringify(message))
  }

  #close(code: number, reason: string): void {
    const { closed } = this.#services.figures
    closed.set(code, (closed.get(code) ?? 0) + 1)
    this.#peer.close(code, reason)
  }
}

/** The log is nearly full: what is left of it is for other records. */
const NO_ROOM: SessionInput = { _tag: 'Refused', why: 'Full' }
/** Something is wrong with this edge or with what the log holds; the publisher may try it again, here or elsewhere. */
const DEFECT: SessionInput = { _tag: 'Cut', code: CLOSE.defect, message: 'the edge has a defect: resume' }
/** This edge has no place for one more publisher. */
const FULL = refuse(CLOSE.tryLater, 'this edge has as many publishers as it may have')

const unackedBytes = (state: SessionState): number => {
  if (state._tag === 'Live') return state.unackedBytes
  return state._tag === 'Opening' ? state.earlyBytes : 0
}
