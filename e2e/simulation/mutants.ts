/** A deliberate break of the code: `find` in `file` becomes `replace`. The simulator must notice each. */
export interface Mutant {
  readonly name: string
  /** From the project's folder. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The rules of which it must break one: no other is evidence that it was noticed for what it is. */
  readonly breaks: ReadonlyArray<string>
  /** A seed that noticed it when it was last looked; the search begins there. */
  readonly near: number
}

/** Breaks that matter, one for each thing that keeps the promise. */
export const MUTANTS: ReadonlyArray<Mutant> = [
  {
    name: 'a frame is acknowledged before it is stored',
    file: 'edge/ingest/sessionLive.ts',
    find: "actions: [{ _tag: 'Append', id, expected: undefined, received_ms: frame.received_ms,",
    replace: "actions: [{ _tag: 'Ack', seq: frame.seq, bytes: 0, frames: 1 }, { _tag: 'Append', id, expected: undefined, received_ms: frame.received_ms,",
    breaks: ['no acknowledgement without a stored record'],
    near: 2
  },
  {
    name: 'a successor resumes one random-access point too late',
    file: 'actors/stream/resumePoint.ts',
    find: 'run.points.findLastIndex((point) => point.pts <= limit)',
    replace: 'Math.min(run.points.length - 1, run.points.findLastIndex((point) => point.pts <= limit) + 1)',
    breaks: ['every stored frame is in MEDIA once and in order', 'what is lost is recorded, and nothing else', 'audio has no gap'],
    near: 33
  },
  {
    name: 'what FFmpeg guesses of how long a picture lasts is published',
    file: 'actors/packager/cut.ts',
    find: 'if (ending || final || track.filler !== undefined) return ending',
    replace: 'return ending',
    breaks: ['playlists only grow, by the rules of HLS'],
    near: 138
  },
  {
    name: 'INGEST is written without compare-and-set',
    file: 'e2e/simulation/process/logService.ts',
    find: 'recordId, expected, process.name)',
    replace: "recordId, at.subject.startsWith('ingest') ? undefined : expected, process.name)",
    breaks: ['every chunk is stored once and in order', 'an older session writes nothing', 'nothing is written behind the end'],
    near: 9
  },
  {
    name: 'MEDIA is written without compare-and-set',
    file: 'e2e/simulation/process/logService.ts',
    find: 'recordId, expected, process.name)',
    replace: "recordId, at.subject.startsWith('media') ? undefined : expected, process.name)",
    breaks: ['numbers of segments and parts go on without a gap', 'pieces come in order', 'no record of an older owner behind a newer TakeOver', 'every stored frame is in MEDIA once and in order', 'one owner per fencing token', 'nothing is written behind the end'],
    near: 9
  },
  {
    name: 'an append whose outcome is unknown counts as stored',
    file: 'runtime/append.ts',
    find: "case 'Unknown':\n    case 'HeadUnknown':\n      return later(state, 'ReadHead')",
    replace: "case 'Unknown':\n      return { state, step: { _tag: 'Stored', seq: state.expected + 1 } }\n    case 'HeadUnknown':\n      return later(state, 'ReadHead')",
    breaks: ['no acknowledgement without a stored record'],
    near: 17
  },
  {
    name: 'the logs are trimmed whatever the archive has',
    file: 'actors/stream/streamRetention.ts',
    find: 'media: unarchived === undefined ? undefined : Math.min(unarchived, ',
    replace: 'media: Math.min(NONE, ',
    breaks: ['nothing is trimmed that somebody still needs'],
    near: 330
  },
  {
    name: 'a node that dies counts as poison',
    file: 'runtime/takeOver.ts',
    find: 'before.attempts + (counts ? 1 : 0)',
    replace: 'before.attempts + 1',
    breaks: ['nothing healthy is given up'],
    near: 75
  },
  {
    name: 'leases run by the wall clock',
    file: 'runtime/Nodes.ts',
    find: 'performance.now()',
    replace: 'Date.now()',
    breaks: ['everything comes to rest', 'nobody takes what a node that is well has'],
    near: 151
  },
  {
    name: 'a segment is acknowledged although its row could not be written',
    file: 'actors/archive/archive.ts',
    find: "case 'Unavailable':",
    replace: "case 'Unavailable':\n      return { state, action: { _tag: 'Ack' } }\n    case undefined as never:",
    breaks: ['no segment is lost', 'everything comes to rest', 'a recording has every segment once'],
    near: 9
  },
  {
    name: 'a reader passes a damaged chunk on',
    file: 'actors/inbox/ingestRecord.ts',
    find: 'crc32c(chunk.data) === chunk.crc32c && ',
    replace: '',
    breaks: ['every stored frame is in MEDIA once and in order', 'an edge takes what a good publisher says'],
    near: 49
  },
  {
    name: 'a missing chunk is not recorded as a loss',
    file: 'actors/stream/losses.ts',
    find: 'lostChunks: lostChunks + sum(settled) - sum(poison),',
    replace: 'lostChunks,',
    breaks: ['what is lost is recorded, and nothing else'],
    near: 49
  },
  {
    name: 'poison is never passed over',
    file: 'actors/stream/limits.ts',
    find: 'export const POISON_ATTEMPTS = 2',
    replace: 'export const POISON_ATTEMPTS = 1_000',
    breaks: ['an edge takes what a good publisher says'],
    near: 9
  },
  {
    name: 'a child that somebody kills counts as poison',
    file: 'actors/stream/childDeath.ts',
    find: 'return reason !== undefined || !FROM_OUTSIDE.has(signal)',
    replace: 'return true',
    breaks: ['nothing healthy is given up'],
    near: 146
  },
  {
    name: 'a healthy GOP is passed over with the poison',
    file: 'actors/stream/poison.ts',
    find: 'pts: Math.max(point.pts, pts) } })',
    replace: 'pts: Math.max(point.pts, pts) + 180_000 } })',
    breaks: ['nothing healthy is given up', 'every stored frame is in MEDIA once and in order'],
    near: 9
  },
  {
    name: 'of frames that share a record only the first is read',
    file: 'actors/inbox/ingestRecord.ts',
    find: ': chunk.joined.map(',
    replace: ': chunk.joined.slice(0, 1).map(',
    breaks: ['every stored frame is in MEDIA once and in order'],
    near: 2
  }
]
