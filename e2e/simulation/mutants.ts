/** A deliberate break of the code: `find` in `file` becomes `replace`. The simulator must notice each. */
export interface Mutant {
  readonly name: string
  /** From the project's folder. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** A seed that noticed it when it was last looked; the search begins there. */
  readonly near: number
}

/** Breaks that matter, one for each thing that keeps the promise. */
export const MUTANTS: ReadonlyArray<Mutant> = [
  {
    name: 'a takeover under an older lease is not refused',
    file: 'runtime/takeOver.ts',
    find: "if (before.leaseRevision > leaseRevision) return { _tag: 'Superseded' }",
    replace: '',
    near: 17
  },
  {
    name: 'a frame is acknowledged before it is stored',
    file: 'edge/ingest/sessionLive.ts',
    find: "actions: [{ _tag: 'Append', id, expected: undefined, received_ms: frame.received_ms,",
    replace: "actions: [{ _tag: 'Ack', seq: frame.seq, bytes: 0 }, { _tag: 'Append', id, expected: undefined, received_ms: frame.received_ms,",
    near: 2
  },
  {
    name: 'a successor resumes one random-access point too late',
    file: 'actors/stream/resumePoint.ts',
    find: 'run.points.findLastIndex((point) => point.pts <= limit)',
    replace: 'Math.min(run.points.length - 1, run.points.findLastIndex((point) => point.pts <= limit) + 1)',
    near: 43
  },
  {
    name: 'INGEST is written without compare-and-set',
    file: 'e2e/simulation/process/logService.ts',
    find: 'recordId, expected, process.name)',
    replace: "recordId, at.subject.startsWith('ingest') ? undefined : expected, process.name)",
    near: 16
  },
  {
    name: 'MEDIA is written without compare-and-set',
    file: 'e2e/simulation/process/logService.ts',
    find: 'recordId, expected, process.name)',
    replace: "recordId, at.subject.startsWith('media') ? undefined : expected, process.name)",
    near: 5
  },
  {
    name: 'an append whose outcome is unknown counts as stored',
    file: 'runtime/append.ts',
    find: "case 'Unknown':\n    case 'HeadUnknown':\n      return later(state, 'ReadHead')",
    replace: "case 'Unknown':\n      return { state, step: { _tag: 'Stored', seq: state.expected + 1 } }\n    case 'HeadUnknown':\n      return later(state, 'ReadHead')",
    near: 1
  },
  {
    name: 'the logs are trimmed whatever the archive has',
    file: 'actors/stream/streamRetention.ts',
    find: 'media: Math.min(unarchived ?? NONE, ',
    replace: 'media: Math.min(NONE, ',
    near: 27
  },
  {
    name: 'a node that dies counts as poison',
    file: 'runtime/takeOver.ts',
    find: 'before.attempts + (broke === undefined ? 0 : 1)',
    replace: 'before.attempts + 1',
    near: 1
  },
  {
    name: 'leases run by the wall clock',
    file: 'runtime/Nodes.ts',
    find: 'performance.now()',
    replace: 'Date.now()',
    near: 1
  },
  {
    name: 'the checkpoint forgets which segments are unannounced',
    file: 'actors/stream/checkpoint.ts',
    find: 'unannounced: [...packager.unannounced],',
    replace: 'unannounced: [],',
    near: 1
  },
  {
    name: 'a segment is acknowledged although its row could not be written',
    file: 'actors/archive/archive.ts',
    find: "case 'Unavailable':",
    replace: "case 'Unavailable':\n      return { state, action: { _tag: 'Ack' } }\n    case undefined as never:",
    near: 1
  }
]
