/** The promise that README makes, clause by clause, with what shows each. Pure. */
import type { Fault } from './Fault.ts'
import type { Invariant } from './invariants.ts'

/** A piece of the promise, word by word, and the cells of the table that show it. */
export interface Clause {
  readonly words: string
  readonly shownBy: (fault: Pick<Fault, 'name' | 'group'>) => boolean
  readonly invariants: ReadonlyArray<Invariant>
}

const every = (): boolean => true
const ofGroup = (...groups: ReadonlyArray<string>) => ({ group }: Pick<Fault, 'group'>): boolean => groups.includes(group)
const named = (...names: ReadonlyArray<string>) => ({ name }: Pick<Fault, 'name'>): boolean => names.includes(name)

const whole: ReadonlyArray<Invariant> = ['struck', 'live', 'archive', 'audio', 'playlists', 'viewers']

/** The whole paragraph: the clauses' words with a space between. */
export const promise: ReadonlyArray<Clause> = [
  { words: 'Whatever is killed,', shownBy: every, invariants: ['struck'] },
  { words: 'every acknowledged frame is in the stream once and in order,', shownBy: every, invariants: ['live', 'archive', 'audio'] },
  { words: 'and viewers stay attached.', shownBy: every, invariants: ['viewers', 'playlists'] },
  {
    words: 'FFmpeg may be killed, hang, exit, write garbage or flood stderr;',
    shownBy: named('FFmpeg killed', 'FFmpeg killed ten times over the stream', 'FFmpeg hangs', 'FFmpeg exits with 0', 'FFmpeg exits with 1', 'FFmpeg writes garbage on an output', 'FFmpeg floods stderr'),
    invariants: whole,
  },
  {
    words: 'the node that owns a stream may be killed, frozen or drained;',
    shownBy: named('actor node killed', 'all actor nodes killed, one started 3 s later', 'actor node frozen past its lease, and thawed', 'actor node drained'),
    invariants: whole,
  },
  { words: 'an edge may go from under its publishers and viewers;', shownBy: named('edge killed under publishers and viewers', 'edge frozen for 6 s, and thawed', 'edge drained under publishers and viewers'), invariants: whole },
  { words: 'all nodes may be restarted, one after the other, under load;', shownBy: named('every node restarted, one after the other'), invariants: whole },
  { words: 'NATS may be killed, or away for longer than a lease;', shownBy: named('NATS killed and started again at once', 'NATS away for four leases', 'NATS away for longer than the reconnect window'), invariants: whole },
  { words: 'the database and the object store may be killed, or answer errors.', shownBy: ofGroup('stores'), invariants: whole },
  { words: 'Publishers send again only what was not acknowledged,', shownBy: every, invariants: ['resent'] },
  { words: 'and no process, socket or file is left behind.', shownBy: every, invariants: ['clean'] },
]
