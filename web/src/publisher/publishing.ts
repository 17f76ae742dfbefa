/** The life of one stream being published. Pure; `createPublisher` performs the actions. */
import { lose, pump } from './connecting.ts'
import { acknowledge, beginEpoch, type Chunk, type Epoch, keepChunks, keptOf, resumeAt } from './epochs.ts'
import { CHUNK_BYTES_MAX, KEPT_BYTES_MAX, KEPT_CHUNKS_MAX } from './limits.ts'
import type { EdgeMessage } from './messages.ts'
import { type Decision, type Instant, isOver, type Publishing, type PublishingEvent, stay } from './publishingState.ts'
import { renew } from './renewing.ts'

/** What follows from an event. */
export const decide = (state: Publishing, event: PublishingEvent, now: Instant): Decision => {
  if (isOver(state)) return stay(state)
  const taken = take(state, event, now)
  const going = pump(taken.state, now)
  return { state: going.state, actions: [...taken.actions, ...going.actions] }
}

const take = (state: Publishing, event: PublishingEvent, now: Instant): Decision => {
  switch (event.kind) {
    case 'begin':
      return stay({ ...state, mimeType: event.mimeType, epochs: [...state.epochs, beginEpoch(event.key, event.mimeType)] })
    case 'chunk':
      return keep(state, event.key, event.bytes, now)
    case 'finish':
      return stay(withEpoch(state, event.key, (epoch) => ({ ...epoch, finished: true })))
    case 'opened':
      return event.connection === state.connection && state.link === 'opening' ? ask(state, now) : stay(state)
    case 'message':
      if (event.connection !== state.connection || state.link === 'none') return stay(state)
      return heard({ ...state, heard_ms: now.at_ms, silences: 0, probing: false }, event.message, now)
    case 'closed':
      return event.connection === state.connection && state.link !== 'none' ? lose(state, event.code, event.reason, now) : stay(state)
    case 'networkChanged':
      return networkChanged(state, now)
    case 'tick':
      return stay(state)
    case 'stop':
      return stay({ ...state, stopWanted: true })
    case 'leave':
      return {
        state: { ...state, phase: 'ended', link: 'none', ending: { how: 'left' } },
        actions: state.link === 'none' ? [] : [{ kind: 'disconnect', connection: state.connection }],
      }
  }
}

const withEpoch = (state: Publishing, key: number, change: (epoch: Epoch) => Epoch): Publishing => ({
  ...state,
  epochs: state.epochs.map((epoch) => (epoch.key === key ? change(epoch) : epoch)),
})

/** A byte stream may be cut anywhere. */
const cut = (bytes: Blob, captured_ms: number): ReadonlyArray<Chunk> =>
  Array.from({ length: Math.ceil(bytes.size / CHUNK_BYTES_MAX) }, (_, index) => ({
    bytes: bytes.size <= CHUNK_BYTES_MAX ? bytes : bytes.slice(index * CHUNK_BYTES_MAX, (index + 1) * CHUNK_BYTES_MAX),
    captured_ms,
  }))

/** Keeps a chunk. Once no more can be kept the epoch ends before it, so that what is kept stays a whole stream. */
const keep = (state: Publishing, key: number, bytes: Blob, { at_ms }: Instant): Decision => {
  const chunks = cut(bytes, at_ms)
  const epoch = state.epochs.find((each) => each.key === key)
  if (epoch === undefined || epoch.finished) return stay({ ...state, lostChunks: state.lostChunks + chunks.length })
  const kept = keptOf(state.epochs)
  const fits = kept.bytes + bytes.size <= KEPT_BYTES_MAX && kept.chunks + chunks.length <= KEPT_CHUNKS_MAX
  if (fits) return stay(withEpoch(state, key, (each) => keepChunks(each, chunks)))
  const truncated = withEpoch(state, key, (each) => ({ ...each, finished: true }))
  return { state: { ...truncated, isFull: true, lostChunks: state.lostChunks + chunks.length }, actions: [{ kind: 'pause' }] }
}

/** The first thing said on a connection. */
const ask = (state: Publishing, { at_ms }: Instant): Decision => {
  const [head] = state.epochs
  if (head === undefined) return stay(state)
  const { recordingId, publisherToken, title } = state.identity
  const message =
    head.number === undefined
      ? ({ type: 'start', recordingId, publisherToken, title, mimeType: head.mimeType } as const)
      : ({ type: 'resume', recordingId, publisherToken, epoch: head.number, acked: head.acked } as const)
  return { state: { ...state, link: 'asked', heard_ms: at_ms }, actions: [{ kind: 'say', connection: state.connection, message }] }
}

const heard = (state: Publishing, message: EdgeMessage, now: Instant): Decision => {
  const [head, ...others] = state.epochs
  switch (message.type) {
    case 'started':
      if (state.link !== 'asked' || head === undefined || head.number !== undefined) return stay(state)
      return stay(attached(state, [{ ...head, number: message.epoch, nextSeq: message.nextSeq }, ...others]))
    case 'resumed': {
      if (state.link !== 'asked' || head?.number === undefined) return stay(state)
      const resumed = resumeAt(head, message.nextSeq)
      if (resumed === undefined) return renew(state, now)
      return stay(attached(counted(state, head, resumed), [resumed, ...others]))
    }
    case 'ack': {
      if (head === undefined || state.link !== 'attached') return stay(state)
      const acked = acknowledge(head, message)
      return stay({ ...counted(state, head, acked), attempts: 0, isDisputed: false, epochs: [acked, ...others] })
    }
    case 'stopped':
      return stay({ ...state, phase: 'ended', link: 'none', ending: { how: 'stopped', duration_ms: message.duration } })
    case 'error':
      return stay({ ...state, words: message.message })
    default:
      return stay(state)
  }
}

const attached = (state: Publishing, epochs: ReadonlyArray<Epoch>): Publishing => ({ ...state, epochs, phase: 'live', link: 'attached', hasStarted: true, words: '' })

/** Counts what became durable between two states of an epoch. */
const counted = (state: Publishing, before: Epoch, after: Epoch): Publishing => ({
  ...state,
  stored: {
    chunks: state.stored.chunks + before.chunks.length - after.chunks.length,
    bytes: state.stored.bytes + before.keptBytes - after.keptBytes,
  },
})

/** The old connection mostly leads nowhere then, and nobody says so: it has to answer at once. */
const networkChanged = (state: Publishing, { at_ms }: Instant): Decision => {
  if (state.link === 'none') return stay({ ...state, retryAt_ms: at_ms })
  if (state.link !== 'attached') return stay(state)
  return { state: { ...state, probing: true, heard_ms: at_ms }, actions: [{ kind: 'say', connection: state.connection, message: { type: 'ping' } }] }
}
