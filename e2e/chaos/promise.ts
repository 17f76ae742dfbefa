/** The promise that README makes, clause by clause, with what shows each. Pure. */
import type { Invariant } from './invariants.ts'

/** A piece of the promise, word by word, and the cells of the table that show it. */
export interface Clause {
  readonly words: string
  /** Names of faults; `every`: all but what only root can do. */
  readonly shownBy: 'every' | ReadonlyArray<string>
  readonly invariants: ReadonlyArray<Invariant>
}

const whole: ReadonlyArray<Invariant> = ['struck', 'live', 'archive', 'audio', 'playlists', 'viewers']

/** The whole paragraph: the clauses' words with a space between. */
export const promise: ReadonlyArray<Clause> = [
  { words: 'Whatever is killed,', shownBy: 'every', invariants: ['struck'] },
  { words: 'every acknowledged frame is in the stream once and in order,', shownBy: 'every', invariants: ['live', 'archive', 'audio'] },
  { words: 'and viewers stay attached.', shownBy: 'every', invariants: ['viewers', 'playlists'] },
  {
    words: 'FFmpeg may be killed, hang, exit, write garbage or flood stderr;',
    shownBy: ['FFmpeg killed', 'FFmpeg killed ten times over the stream', 'FFmpeg hangs', 'FFmpeg exits with 0', 'FFmpeg exits with 1', 'FFmpeg writes garbage on an output', 'FFmpeg floods stderr'],
    invariants: whole,
  },
  {
    words: 'the node that owns a stream may be killed, frozen or drained;',
    shownBy: ['actor node killed', 'all actor nodes killed, one started 3 s later', 'actor node frozen past its lease, and thawed', 'actor node drained'],
    invariants: whole,
  },
  { words: 'an edge may go from under its publishers and viewers;', shownBy: ['edge killed under publishers and viewers', 'edge frozen for 6 s, and thawed', 'edge drained under publishers and viewers'], invariants: whole },
  { words: 'all nodes may be restarted, one after the other, under load;', shownBy: ['every node restarted, one after the other'], invariants: whole },
  { words: 'NATS may be killed, or away for longer than a lease;', shownBy: ['NATS killed and started again at once', 'NATS away for four leases', 'NATS away for longer than the reconnect window'], invariants: whole },
  { words: 'the database and the object store may be killed,', shownBy: ['database killed, back after 5 s', 'object store killed, back after 5 s'], invariants: whole },
  {
    words: 'or answer errors.',
    shownBy: [
      'object store answers 500, 503 and SlowDown for 5 s',
      'object store does what it is asked and its answers are lost for 5 s',
      'database ends every connection, again and again for 5 s (57P01)',
      'database refuses two writes of three (40001, 40P01)',
      'database connections cut at COMMIT, before and after it is done',
    ],
    invariants: whole,
  },
  { words: 'Publishers send again only what was not acknowledged,', shownBy: 'every', invariants: ['resent'] },
  { words: 'and no process, socket or file is left behind.', shownBy: 'every', invariants: ['clean'] },
]
