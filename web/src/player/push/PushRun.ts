/** One run of a pushed stream: a socket and its successors, the playback that they feed, and the buffers it plays from. */
import { createRoot } from 'solid-js'
import { type Closing, createSocket, type Socket } from '../../api/createSocket.ts'
import { asViewer } from '../../api/viewerId.ts'
import { decodeTimeOf, timescaleOf } from './boxes.ts'
import { type MediaBuffers, openBuffers } from './mediaBuffers.ts'
import { markTime, type PictureClock, stoppedClock } from './pictureClock.ts'
import { judgeHealth, type PushHealth } from './pushHealth.ts'
import { beginPlayback, decidePush, type PushAction, type PushEvent, type PushPlayback } from './pushPlayback.ts'
import { readFrame, type WatchFrame } from './watchFrame.ts'
import { readMessage, type TrackKind, type WatchMessage, type WatchRendition } from './watchMessage.ts'

/** Who hears of a run. */
export interface RunListener {
  /** Media is about to be appended, or was. */
  readonly onMedia: () => void
  /** It has to begin anew at the newest picture. */
  readonly onRestart: () => void
  readonly onFailed: (kind: 'networkFailed' | 'mediaFailed', reason: string) => void
  /** The edge has sent all there is, and none of it can be played. */
  readonly onOver: () => void
}

/** Whoever is told to try later takes another way at once. */
const tryLater = 1013

const pathOf = (id: string, rendition: string): string => asViewer(`/ws/watch/${id}?rendition=${encodeURIComponent(rendition)}`)

/** How a connection does that has just opened, or that there is not yet. */
const unproven = (heard_ms: number): Omit<PushHealth, 'isOpen' | 'isLive'> => ({ since_ms: performance.now(), heard_ms, asked_ms: undefined, hasMedia: false })

/** A run in a video element, from the moment it is made. */
export class PushRun {
  readonly #listener: RunListener
  readonly #without: TrackKind | undefined
  readonly #buffers: MediaBuffers
  readonly #socket: Socket
  readonly #dispose: () => void
  readonly #told: Array<PushEvent> = []
  #playback: PushPlayback
  #clock: PictureClock = stoppedClock
  #timescale = 1
  #chosen: string
  #sent: string | undefined
  #state: Extract<WatchMessage, { type: 'state' }>['state'] | undefined
  #isClosed = false
  #isTelling = false
  #health = unproven(0)

  /** `wanted`: a rendition's name or `auto`. */
  constructor(video: HTMLVideoElement, id: string, wanted: string, without: TrackKind | undefined, listener: RunListener) {
    this.#listener = listener
    this.#without = without
    this.#chosen = wanted
    this.#playback = beginPlayback(without)
    this.#buffers = openBuffers(video, {
      onOpen: () => this.tell({ kind: 'opened' }),
      onAppended: (track) => {
        this.tell({ kind: 'appended', track })
        listener.onMedia()
      },
      onQuotaExceeded: (track) => this.tell({ kind: 'quotaExceeded', track, position_s: video.currentTime }),
      onFailed: (reason) => listener.onFailed('mediaFailed', reason),
    })
    const { socket, dispose } = createRoot((disposeRoot) => ({ dispose: disposeRoot, socket: this.#connect(id) }))
    this.#socket = socket
    this.#dispose = dispose
  }

  get clock(): PictureClock {
    return this.#clock
  }

  get renditions(): ReadonlyArray<WatchRendition> {
    return this.#playback.renditions
  }

  /** The video rendition that is sent now. */
  get rendition(): string | undefined {
    return this.#sent
  }

  get hasSound(): boolean {
    return this.#without !== 'audio' && this.#playback.renditions.some(({ kind }) => kind === 'audio')
  }

  get isLive(): boolean {
    return this.#state === 'live' || this.#state === undefined
  }

  get isPublisherAway(): boolean {
    return this.#state === 'reconnecting'
  }

  ends_s(): ReturnType<MediaBuffers['ends_s']> {
    return this.#buffers.ends_s()
  }

  tell(event: PushEvent): void {
    this.#told.push(event)
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let next = this.#told.shift(); next !== undefined && !this.#isClosed; next = this.#told.shift()) {
        const decision = decidePush(this.#playback, next, performance.now())
        this.#playback = decision.playback
        for (const action of decision.actions) if (!this.#isClosed) this.#perform(action)
      }
    } finally {
      this.#isTelling = false
    }
  }

  /** To be called several times a second. */
  tick(): void {
    this.tell({ kind: 'tick' })
    if (this.#socket.state() === 'over') return
    const verdict = judgeHealth({ ...this.#health, isOpen: this.#socket.state() === 'open', isLive: this.#state === 'live' }, performance.now())
    if (verdict === 'ask' && this.#socket.send(JSON.stringify({ type: 'ping' }))) this.#health = { ...this.#health, asked_ms: performance.now() }
    else if (typeof verdict === 'object') this.#listener.onFailed('networkFailed', verdict.givenUp)
  }

  chooseRendition(name: string): void {
    this.#chosen = name
    this.#socket.send(JSON.stringify({ type: 'rendition', name }))
  }

  /** Fetches nothing more; what is buffered stays. */
  stopFetching(): void {
    this.#dispose()
  }

  close(): void {
    this.#isClosed = true
    this.#dispose()
    this.#buffers.close()
  }

  #connect(id: string): Socket {
    return createSocket({
      path: () => pathOf(id, this.#chosen),
      onOpen: () => void (this.#health = unproven(performance.now())),
      onText: (text) => this.#hearMessage(text),
      onBytes: (bytes) => this.#hearBytes(bytes),
      onClosed: (closing) => this.#closed(closing),
    })
  }

  #perform(action: PushAction): void {
    switch (action.kind) {
      case 'create':
        return this.#buffers.create(action.tracks)
      case 'changeType':
        return this.#buffers.changeType(action.track, action.mimeType)
      case 'append':
        return this.#buffers.append(action.track, action.bytes)
      case 'remove':
        return this.#buffers.remove(action.track, action.before_s)
      case 'end':
        return this.#buffers.end()
      case 'restart':
        return this.#listener.onRestart()
      case 'fail':
        return this.#listener.onFailed('networkFailed', action.reason)
    }
  }

  #hearMessage(text: string): void {
    this.#health = { ...this.#health, heard_ms: performance.now() }
    const message = readMessage(text)
    if (message?.type === 'state') this.#state = message.state
    else if (message?.type === 'renditions') this.tell({ kind: 'renditions', renditions: message.renditions })
    else if (message?.type === 'rendition') this.#sent = message.name
    else if (message?.type === 'error') console.warn(`The edge refuses: ${message.message}`)
  }

  #hearBytes(bytes: ArrayBuffer): void {
    this.#health = { ...this.#health, heard_ms: performance.now(), hasMedia: true }
    const frame = readFrame(bytes)
    if (frame === undefined) return
    if (this.#playback.renditions[frame.rendition]?.kind === this.#clockKind()) this.#keepTime(frame)
    this.#listener.onMedia()
    this.tell({ kind: 'frame', frame })
  }

  #clockKind(): TrackKind {
    return this.#without !== 'video' && this.#playback.renditions.some(({ kind }) => kind === 'video') ? 'video' : 'audio'
  }

  #keepTime(frame: WatchFrame): void {
    if (frame.kind === 'init') this.#timescale = timescaleOf(frame.bytes) ?? this.#timescale
    else this.#clock = markTime(this.#clock, (decodeTimeOf(frame.bytes) ?? 0) / this.#timescale, frame.startsAt_ms)
  }

  #closed({ code, isFinal, reason }: Closing): void {
    const { heard_ms, since_ms, hasMedia } = this.#health
    const isOver = code === 1000 && (this.#state === 'ended' || this.#state === 'failed')
    if (isOver) return this.#playback.firstInit_ms === undefined ? this.#listener.onOver() : this.tell({ kind: 'over' })
    if (isFinal || (code === tryLater && !hasMedia)) return this.#listener.onFailed('networkFailed', `the socket closed with ${code} ${reason}`)
    this.#health = { heard_ms, since_ms: heard_ms > since_ms ? performance.now() : since_ms, asked_ms: undefined, hasMedia: false }
  }
}
