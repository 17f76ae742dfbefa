/**
 * Which recorder runs. A MediaRecorder dies when its tracks change, and its bytes are one stream: another source is another
 * recorder, and another epoch. Pure; `createRecorder` performs the actions.
 */

/** What is recorded now. */
export interface Recording {
  /** Number of the newest recorder. */
  readonly key: number
  readonly isRunning: boolean
  readonly isWanted: boolean
  /** When recorders stopped by themselves though there was something to record. */
  readonly failures_ms: ReadonlyArray<number>
}

/** `record`: from now on from another source; `stopped`: a recorder has given its last chunk, or could not be started. */
export type RecordingEvent =
  | { readonly kind: 'record' | 'stop' }
  | { readonly kind: 'stopped'; readonly key: number; readonly hasTracks: boolean }

/** What is to be done with the recorder of that number; `failures`: those that stopped by themselves just before it. */
export type RecordingAction =
  | { readonly kind: 'start'; readonly key: number; readonly failures: number }
  | { readonly kind: 'stop' | 'finish' | 'giveUp'; readonly key: number }

/** A decision: the state from now on, and what is to be done, in order. */
export interface RecordingDecision {
  readonly recording: Recording
  readonly actions: ReadonlyArray<RecordingAction>
}

/** Nothing has been recorded yet. */
export const idle: Recording = { key: 0, isRunning: false, isWanted: false, failures_ms: [] }

const failuresMax = 3
const failures_ms = 10_000

/** What follows from an event at `now_ms`. The new recorder starts before the old one ends, so that nothing is missed between them. */
export const decide = (recording: Recording, event: RecordingEvent, now_ms: number): RecordingDecision => {
  const { key, isRunning } = recording
  const stopOld: ReadonlyArray<RecordingAction> = isRunning ? [{ kind: 'stop', key }] : []
  switch (event.kind) {
    case 'record':
      return { recording: { ...recording, key: key + 1, isRunning: true, isWanted: true }, actions: [{ kind: 'start', key: key + 1, failures: 0 }, ...stopOld] }
    case 'stop':
      return { recording: { ...recording, isRunning: false, isWanted: false }, actions: stopOld }
    case 'stopped':
      return stopped(recording, event, now_ms)
  }
}

const stopped = (recording: Recording, { key, hasTracks }: Extract<RecordingEvent, { kind: 'stopped' }>, now_ms: number): RecordingDecision => {
  const finish: RecordingAction = { kind: 'finish', key }
  if (key !== recording.key || !recording.isWanted) return { recording, actions: [finish] }
  const halted: Recording = { ...recording, isRunning: false }
  if (!hasTracks) return { recording: halted, actions: [finish] }
  const recent_ms = [...recording.failures_ms.filter((failed_ms) => now_ms - failed_ms < failures_ms), now_ms]
  if (recent_ms.length > failuresMax) return { recording: { ...halted, isWanted: false, failures_ms: [] }, actions: [finish, { kind: 'giveUp', key }] }
  return { recording: { ...recording, key: key + 1, isRunning: true, failures_ms: recent_ms }, actions: [finish, { kind: 'start', key: key + 1, failures: recent_ms.length }] }
}
