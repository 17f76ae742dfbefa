/** One run of a pushed stream: a socket and its successors, the playback that they feed, and the buffers it plays from. */
import { createRoot } from 'solid-js'
import { type Closing, createSocket } from '../../api/createSocket.ts'
import { asViewer } from '../../api/viewerId.ts'
import { decodeTimeOf, timescaleOf } from './boxes.ts'
import { type MediaBuffers, openBuffers } from './mediaBuffers.ts'
import { markTime, type PictureClock, stoppedClock } from './pictureClock.ts'
import { judgeHealth } from './pushHealth.ts'
import { beginPlayback, decidePush, type PushAction, type PushEvent } from './pushPlayback.ts'
import { readFrame } from './watchFrame.ts'
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

/** A run. */
export interface PushRun {
  readonly tell: (event: PushEvent) => void
  /** To be called several times a second. */
  readonly tick: () => void
  readonly chooseRendition: (name: string) => void
  readonly ends_s: MediaBuffers['ends_s']
  readonly clock: () => PictureClock
  readonly renditions: () => ReadonlyArray<WatchRendition>
  /** The video rendition that is sent now. */
  readonly rendition: () => string | undefined
  readonly isLive: () => boolean
  readonly isPublisherAway: () => boolean
  /** Fetches nothing more; what is buffered stays. */
  readonly stopFetching: () => void
  readonly close: () => void
}

/** Whoever is told to try later takes another way at once. */
const tryLater = 1013

const pathOf = (id: string, rendition: string): string => asViewer(`/ws/watch/${id}?rendition=${encodeURIComponent(rendition)}`)

/** Starts a run in the video element. `wanted`: a rendition's name or `auto`. */
export const startRun = (video: HTMLVideoElement, id: string, wanted: string, without: TrackKind | undefined, listener: RunListener): PushRun => {
  let playback = beginPlayback(without)
  let clock = stoppedClock
  let timescale = 1
  let chosen = wanted
  let sent: string | undefined
  let state: Extract<WatchMessage, { type: 'state' }>['state'] | undefined
  let isClosed = false
  let isTelling = false
  const told: Array<PushEvent> = []
  let health = { since_ms: performance.now(), heard_ms: 0, asked_ms: undefined as number | undefined, hasMedia: false }

  const perform = (action: PushAction): void => {
    switch (action.kind) {
      case 'create':
        return buffers.create(action.tracks)
      case 'changeType':
        return buffers.changeType(action.track, action.mimeType)
      case 'append':
        return buffers.append(action.track, action.bytes)
      case 'remove':
        return buffers.remove(action.track, action.before_s)
      case 'end':
        return buffers.end()
      case 'restart':
        return listener.onRestart()
      case 'fail':
        return listener.onFailed('networkFailed', action.reason)
    }
  }
  const tell = (event: PushEvent): void => {
    told.push(event)
    if (isTelling) return
    isTelling = true
    for (let next = told.shift(); next !== undefined && !isClosed; next = told.shift()) {
      const decision = decidePush(playback, next, performance.now())
      playback = decision.playback
      for (const action of decision.actions) if (!isClosed) perform(action)
    }
    isTelling = false
  }
  const buffers = openBuffers(video, {
    onOpen: () => tell({ kind: 'opened' }),
    onAppended: (track) => {
      tell({ kind: 'appended', track })
      listener.onMedia()
    },
    onQuotaExceeded: (track) => tell({ kind: 'quotaExceeded', track, position_s: video.currentTime }),
    onFailed: (reason) => listener.onFailed('mediaFailed', reason),
  })
  const hearMessage = (text: string): void => {
    health = { ...health, heard_ms: performance.now() }
    const message = readMessage(text)
    if (message?.type === 'state') state = message.state
    else if (message?.type === 'renditions') tell({ kind: 'renditions', renditions: message.renditions })
    else if (message?.type === 'rendition') sent = message.name
    else if (message?.type === 'error') console.warn(`The edge refuses: ${message.message}`)
  }
  const hearBytes = (bytes: ArrayBuffer): void => {
    health = { ...health, heard_ms: performance.now(), hasMedia: true }
    const frame = readFrame(bytes)
    if (frame === undefined) return
    if (playback.renditions[frame.rendition]?.kind === clockKind()) keepTime(frame)
    listener.onMedia()
    tell({ kind: 'frame', frame })
  }
  const clockKind = (): TrackKind => (playback.renditions.some(({ kind }) => kind === 'video') && without !== 'video' ? 'video' : 'audio')
  const keepTime = (frame: NonNullable<ReturnType<typeof readFrame>>): void => {
    if (frame.kind === 'init') timescale = timescaleOf(frame.bytes) ?? timescale
    else clock = markTime(clock, (decodeTimeOf(frame.bytes) ?? 0) / timescale, frame.startsAt_ms)
  }
  const closed = ({ code, isFinal, reason }: Closing): void => {
    const now_ms = performance.now()
    const isOver = code === 1000 && (state === 'ended' || state === 'failed')
    if (isOver) return playback.firstInit_ms === undefined ? listener.onOver() : tell({ kind: 'over' })
    if (isFinal || (code === tryLater && !health.hasMedia)) return listener.onFailed('networkFailed', `the socket closed with ${code} ${reason}`)
    health = { ...health, since_ms: health.heard_ms > health.since_ms ? now_ms : health.since_ms, asked_ms: undefined, hasMedia: false }
  }
  const { socket, dispose } = createRoot((disposeRoot) => ({
    dispose: disposeRoot,
    socket: createSocket({
      path: () => pathOf(id, chosen),
      onOpen: () => (health = { since_ms: performance.now(), heard_ms: performance.now(), asked_ms: undefined, hasMedia: false }),
      onText: hearMessage,
      onBytes: hearBytes,
      onClosed: closed,
    }),
  }))
  const tick = (): void => {
    tell({ kind: 'tick' })
    if (socket.state() === 'over') return
    const verdict = judgeHealth({ ...health, isOpen: socket.state() === 'open', isLive: state === 'live' }, performance.now())
    if (verdict === 'ask' && socket.send(JSON.stringify({ type: 'ping' }))) health = { ...health, asked_ms: performance.now() }
    else if (typeof verdict === 'object') listener.onFailed('networkFailed', verdict.givenUp)
  }
  return {
    tell,
    tick,
    chooseRendition: (name) => {
      chosen = name
      socket.send(JSON.stringify({ type: 'rendition', name }))
    },
    ends_s: buffers.ends_s,
    clock: () => clock,
    renditions: () => playback.renditions,
    rendition: () => sent,
    isLive: () => state === 'live' || state === undefined,
    isPublisherAway: () => state === 'reconnecting',
    stopFetching: dispose,
    close: () => {
      isClosed = true
      dispose()
      buffers.close()
    },
  }
}
