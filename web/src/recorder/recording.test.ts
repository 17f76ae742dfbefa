import { expect, test } from 'vitest'
import { decide, idle, type Recording, type RecordingAction, type RecordingEvent } from './recording.ts'

const after = (events: ReadonlyArray<readonly [RecordingEvent, number]>, from = idle) =>
  events.reduce<{ recording: Recording; actions: ReadonlyArray<RecordingAction> }>(({ recording }, [event, at]) => decide(recording, event, at), { recording: from, actions: [] })
const record = [{ kind: 'record' }, 0] as const
const stoppedBy = (key: number, at = 0, hasTracks = true) => [{ kind: 'stopped', key, hasTracks }, at] as const

test('another source is another recorder, started before the old one stops', () => {
  expect(after([record]).actions).toEqual([{ kind: 'start', key: 1, failures: 0 }])
  expect(after([record, record]).actions).toEqual([{ kind: 'start', key: 2, failures: 0 }, { kind: 'stop', key: 1 }])
  expect(after([record, record, stoppedBy(1)]).actions).toEqual([{ kind: 'finish', key: 1 }])
})

test('a recorder that is stopped ends its epoch with its last chunk', () => {
  expect(after([record, [{ kind: 'stop' }, 0]]).actions).toEqual([{ kind: 'stop', key: 1 }])
  expect(after([record, [{ kind: 'stop' }, 0], stoppedBy(1)]).actions).toEqual([{ kind: 'finish', key: 1 }])
})

test('a recorder that stops by itself is replaced, a few times', () => {
  expect(after([record, stoppedBy(1)]).actions).toEqual([{ kind: 'finish', key: 1 }, { kind: 'start', key: 2, failures: 1 }])
  const failing = [record, stoppedBy(1, 1), stoppedBy(2, 2), stoppedBy(3, 3), stoppedBy(4, 4)]
  expect(after(failing).actions).toEqual([{ kind: 'finish', key: 4 }, { kind: 'giveUp', key: 4 }])
  expect(after([record, stoppedBy(1, 1), stoppedBy(2, 2), stoppedBy(3, 3), stoppedBy(4, 20_000)]).actions.at(-1)).toEqual({ kind: 'start', key: 5, failures: 1 })
})

test('a recorder whose tracks have all ended is not replaced: there is nothing to record', () => {
  expect(after([record, stoppedBy(1, 0, false)]).actions).toEqual([{ kind: 'finish', key: 1 }])
  expect(after([record, stoppedBy(1, 0, false), record]).actions).toEqual([{ kind: 'start', key: 2, failures: 0 }])
})
