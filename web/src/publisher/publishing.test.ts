import { expect, test } from 'vitest'
import { CHUNK_BYTES_MAX, IN_FLIGHT_CHUNKS_MAX, KEPT_CHUNKS_MAX, PROBE_MS, SILENCE_MS, START_WITHIN_MS } from './limits.ts'
import type { EdgeMessage } from './messages.ts'
import { decide } from './publishing.ts'
import { beginPublishing, type Publishing, type PublishingAction, type PublishingEvent } from './publishingState.ts'
import { figuresOf } from './figures.ts'

const identity = { recordingId: 'cam', publisherToken: 'secret', title: 'Cam' }
const mimeType = 'video/webm'
const blob = (size = 1): Blob => new Blob([new Uint8Array(size)])

/** A publisher to which things happen one after the other. */
class Told {
  state: Publishing
  actions: ReadonlyArray<PublishingAction> = []
  at_ms = 0

  constructor() {
    this.state = beginPublishing(identity, { at_ms: 0, chance: 1 })
  }

  tell(...events: ReadonlyArray<PublishingEvent>): this {
    const actions: Array<PublishingAction> = []
    for (const event of events) {
      const decision = decide(this.state, event, { at_ms: this.at_ms, chance: 1 })
      this.state = decision.state
      actions.push(...decision.actions)
    }
    this.actions = actions
    return this
  }

  hear(...messages: ReadonlyArray<EdgeMessage>): this {
    return this.tell(...messages.map((message) => ({ kind: 'message', connection: this.state.connection, message }) as const))
  }

  closed(code: number, reason = ''): this {
    return this.tell({ kind: 'closed', connection: this.state.connection, code, reason })
  }

  opened(): this {
    return this.tell({ kind: 'opened', connection: this.state.connection })
  }

  after(ms: number): this {
    this.at_ms += ms
    return this.tell({ kind: 'tick' })
  }

  chunks(key: number, count: number): this {
    return this.tell(...Array.from({ length: count }, () => ({ kind: 'chunk', key, bytes: blob() }) as const))
  }

  kinds(): ReadonlyArray<string> {
    return this.actions.map((action) => (action.kind === 'say' ? action.message.type : action.kind))
  }
}

const started = (epoch = 0): EdgeMessage => ({ type: 'started', recordingId: 'cam', epoch, nextSeq: 0 })

/** Live in epoch 0, with `sent` chunks on their way. */
const live = (sent = 0): Told => new Told().tell({ kind: 'begin', key: 1, mimeType }).opened().hear(started()).chunks(1, sent)

test('connects once there is something to record, and asks to start with its own id and token', () => {
  const told = new Told().tell({ kind: 'begin', key: 1, mimeType })
  expect(told.actions).toEqual([{ kind: 'connect', connection: 1 }])
  expect(told.opened().actions).toEqual([{ kind: 'say', connection: 1, message: { type: 'start', ...identity, mimeType } }])
  expect(told.hear(started()).state.phase).toBe('live')
})

test('what is recorded before the edge has answered is sent after it, in order', () => {
  const chunks = [blob(), blob()] as const
  const told = new Told().tell({ kind: 'begin', key: 1, mimeType }, ...chunks.map((bytes) => ({ kind: 'chunk', key: 1, bytes }) as const)).opened()
  expect(told.kinds()).toEqual(['start'])
  expect(told.hear(started()).actions).toEqual(chunks.map((bytes) => ({ kind: 'send', connection: 1, bytes })))
})

test('an ack lets go of everything before it', () => {
  const told = live(3).hear({ type: 'ack', seq: 1, bytes: 2 })
  expect(figuresOf(told.state, 0)).toMatchObject({ storedChunks: 2, waitingChunks: 1 })
})

test('an ack of what was never sent is not believed', () => {
  expect(figuresOf(live(2).hear({ type: 'ack', seq: 7, bytes: 8 }).state, 0)).toMatchObject({ storedChunks: 0, waitingChunks: 2 })
})

test('a broken connection is made again at once, and goes on where the edge says', () => {
  const told = live(4).hear({ type: 'ack', seq: 0, bytes: 1 }).closed(1006)
  expect([told.state.phase, told.actions]).toEqual(['reconnecting', [{ kind: 'connect', connection: 2 }]])
  expect(told.opened().actions).toMatchObject([{ message: { type: 'resume', epoch: 0, acked: { seq: 0, bytes: 1 } } }])
  expect(told.hear({ type: 'resumed', epoch: 0, nextSeq: 3 }).kinds()).toEqual(['send'])
  expect(told.state.phase).toBe('live')
  expect(figuresOf(told.state, 0)).toMatchObject({ storedChunks: 3, waitingChunks: 1, lostChunks: 0 })
})

test('what an old connection says is not heard any more', () => {
  const told = live(2).closed(1006)
  const before = told.state
  told.tell({ kind: 'message', connection: 1, message: { type: 'ack', seq: 1, bytes: 2 } }, { kind: 'closed', connection: 1, code: 4409, reason: '' })
  expect(told.state).toEqual(before)
})

test('attempts to come back are made less and less often, and at once when the network has changed', () => {
  const told = live(1).closed(1006).closed(1006)
  expect(told.kinds()).toEqual([])
  expect(told.after(499).kinds()).toEqual([])
  expect(told.after(1).kinds()).toEqual(['connect'])
  expect(told.closed(1006).after(900).kinds()).toEqual([])
  expect(told.tell({ kind: 'networkChanged' }).kinds()).toEqual(['connect'])
})

test('an edge that is silent though chunks wait for it is left', () => {
  const told = live(1).after(SILENCE_MS - 1)
  expect(told.kinds()).toEqual([])
  expect(told.after(1).kinds()).toEqual(['disconnect', 'connect'])
})

test('an edge that has nothing to answer may be silent for as long as it likes', () => {
  expect(live().after(SILENCE_MS * 2).state.phase).toBe('live')
  expect(live(1).hear({ type: 'ack', seq: 0, bytes: 1 }).after(SILENCE_MS * 2).state.phase).toBe('live')
})

test('after a change of network the connection has to answer soon', () => {
  const told = live().tell({ kind: 'networkChanged' })
  expect(told.kinds()).toEqual(['ping'])
  expect(told.after(PROBE_MS - 1).kinds()).toEqual([])
  expect(told.after(1).kinds()).toEqual(['disconnect', 'connect'])
  expect(live().tell({ kind: 'networkChanged' }).hear({ type: 'other' }).after(PROBE_MS).state.phase).toBe('live')
})

test('another recorder is another epoch: begun once everything of the one before is durable', () => {
  const told = live(1).tell({ kind: 'begin', key: 2, mimeType }, { kind: 'chunk', key: 1, bytes: blob() }, { kind: 'finish', key: 1 }).chunks(2, 2)
  expect(told.kinds()).toEqual([])
  expect(told.hear({ type: 'ack', seq: 1, bytes: 2 }).actions).toEqual([{ kind: 'disconnect', connection: 1 }, { kind: 'connect', connection: 2 }])
  expect(told.state.phase).toBe('live')
  expect(told.opened().kinds()).toEqual(['start'])
  expect(told.hear(started(1)).kinds()).toEqual(['send', 'send'])
})

test('a recorder that gave nothing is no epoch', () => {
  const told = live().tell({ kind: 'begin', key: 2, mimeType }, { kind: 'finish', key: 2 }, { kind: 'finish', key: 1 })
  expect(told.kinds()).toEqual([])
  expect(told.state.epochs.map(({ key }) => key)).toEqual([1])
})

test('stops once everything is durable, and has ended when the edge says so', () => {
  const told = live(1).tell({ kind: 'stop' }, { kind: 'finish', key: 1 })
  expect(told.kinds()).toEqual([])
  expect(told.hear({ type: 'ack', seq: 0, bytes: 1 }).kinds()).toEqual(['stop'])
  expect(told.hear({ type: 'stopped', duration: 4_000 }).state).toMatchObject({ phase: 'ended', ending: { how: 'stopped', duration_ms: 4_000 } })
})

test('a stop whose answer is lost is said again, and has worked where the stream is found ended', () => {
  const told = live().tell({ kind: 'stop' }, { kind: 'finish', key: 1 }).closed(1006).opened()
  expect(told.kinds()).toEqual(['resume'])
  expect(told.hear({ type: 'resumed', epoch: 0, nextSeq: 0 }).kinds()).toEqual(['stop'])
  expect(told.closed(4404).state.ending).toEqual({ how: 'stopped', duration_ms: undefined })
})

test('a stream whose reconnect window has closed is over', () => {
  expect(live(1).closed(1006).opened().closed(4404, 'the recording has ended').state).toMatchObject({ phase: 'ended', ending: { how: 'over' } })
})

test('where the edge cannot go on with the epoch, a new recorder begins another', () => {
  const told = live(2).closed(1006).opened().closed(4400, 'start a new epoch')
  expect(told.kinds()).toEqual(['record'])
  expect(figuresOf(told.chunks(1, 1).state, 0).lostChunks).toBe(3)
  expect(told.tell({ kind: 'begin', key: 2, mimeType }).kinds()).toEqual(['connect'])
  expect(told.opened().kinds()).toEqual(['start'])
})

test('an edge that can go on with nothing is believed after a few new epochs', () => {
  const told = live()
  for (let key = 2; key <= 5; key++) told.closed(4400, 'no').tell({ kind: 'begin', key, mimeType }).opened().hear(started(key))
  expect(told.state).toMatchObject({ phase: 'failed', failure: { kind: 'refused', words: 'no' } })
})

test('chunks that the edge has lost and that are not kept ask for a new recorder', () => {
  const told = live(2).hear({ type: 'ack', seq: 1, bytes: 2 }).closed(1006).opened().hear({ type: 'resumed', epoch: 0, nextSeq: 0 })
  expect(told.kinds()).toEqual(['disconnect', 'record'])
})

test('a stream that somebody else seems to have is resumed once; then it is theirs', () => {
  const told = live(1).closed(4409)
  expect(told.state.phase).toBe('reconnecting')
  expect(told.after(1_000).opened().closed(4400, 'the recording is in epoch 3, not 0').state).toMatchObject({ phase: 'failed', failure: { kind: 'taken' } })
  const back = live(1).closed(4409).after(1_000).opened().hear({ type: 'resumed', epoch: 0, nextSeq: 0 }, { type: 'ack', seq: 0, bytes: 1 })
  expect(back.state.isDisputed).toBe(false)
})

test('a stream that a lost start of its own has taken is begun anew', () => {
  const told = new Told().tell({ kind: 'begin', key: 1, mimeType }).opened().closed(1006).opened().hear(started()).closed(4409)
  expect(told.after(5_000).opened().closed(4400).kinds()).toEqual(['record'])
})

test('a line so slow that the edge gives up on it is tried again, with everything that is kept', () => {
  const told = live(2).closed(1006)
  for (let tries = 0; tries < 5; tries++) told.after(5_000).opened().closed(1013, 'neither start nor resume came in time')
  expect(told.after(5_000).opened().kinds()).toEqual(['resume'])
  expect(told.hear({ type: 'resumed', epoch: 0, nextSeq: 0 }).kinds()).toEqual(['send', 'send'])
})

test('a stream that cannot begin says why', () => {
  const nobody = new Told().tell({ kind: 'begin', key: 1, mimeType })
  for (let tries = 0; nobody.state.phase === 'connecting' && tries < 50; tries++) nobody.closed(1006).after(1_000)
  expect(nobody.state.failure?.kind).toBe('unreachable')
  expect(nobody.at_ms).toBeGreaterThanOrEqual(START_WITHIN_MS)
  const full = new Told().tell({ kind: 'begin', key: 1, mimeType })
  for (let tries = 0; full.state.phase === 'connecting' && tries < 50; tries++) full.opened().closed(1013, 'no room').after(2_000)
  expect(full.state.failure).toEqual({ kind: 'noRoom', words: 'no room' })
})

test('what is on its way is bounded, and so is what is kept: then the epoch ends, and another begins when there is room', () => {
  const told = live(IN_FLIGHT_CHUNKS_MAX + 10)
  expect(told.kinds().length).toBe(IN_FLIGHT_CHUNKS_MAX)
  told.closed(1006).chunks(1, KEPT_CHUNKS_MAX)
  expect(told.kinds().filter((kind) => kind === 'pause').length).toBe(1)
  expect(figuresOf(told.state, 0)).toMatchObject({ waitingChunks: KEPT_CHUNKS_MAX, lostChunks: IN_FLIGHT_CHUNKS_MAX + 10 })
  told.opened().hear({ type: 'resumed', epoch: 0, nextSeq: 0 })
  expect(told.kinds()).not.toContain('record')
  for (let seq = 1; told.state.isFull && seq < KEPT_CHUNKS_MAX; seq += 500) told.hear({ type: 'ack', seq, bytes: seq + 1 })
  expect(told.kinds()).toContain('record')
})

test('a chunk bigger than the edge takes is cut', () => {
  const told = live().tell({ kind: 'chunk', key: 1, bytes: blob(CHUNK_BYTES_MAX + 1) })
  expect(told.actions.map((action) => action.kind === 'send' && action.bytes.size)).toEqual([CHUNK_BYTES_MAX])
  expect(told.hear({ type: 'ack', seq: 0, bytes: CHUNK_BYTES_MAX }).actions.map((action) => action.kind === 'send' && action.bytes.size)).toEqual([1])
  expect(figuresOf(told.state, 0)).toMatchObject({ waitingChunks: 1, waitingBytes: 1 })
})
