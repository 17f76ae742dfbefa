/** Whether a pushed stream still comes, or another way of playing has to be taken. Pure. */

/** What is known of the socket; times by the page's clock. */
export interface PushHealth {
  /** When this connection, or the attempts to have one, began. */
  readonly since_ms: number
  readonly isOpen: boolean
  /** The stream has media and its publisher is there, as the edge says. */
  readonly isLive: boolean
  /** When anything came last on this connection. */
  readonly heard_ms: number
  /** When it was last asked whether it lives. */
  readonly asked_ms: number | undefined
  readonly hasMedia: boolean
}

/** `ask`: send a ping; otherwise why it is given up. */
export type Verdict = 'fine' | 'ask' | { readonly givenUp: string }

/** A connection opens within this, or another way is taken. */
const openWithin_ms = 4_000
/** A live stream sends its first bytes within this. */
const mediaWithin_ms = 5_000
const quiet_ms = 2_000
const answerWithin_ms = 3_000

/** Looks at the socket of a playback. */
export const judgeHealth = ({ since_ms, isOpen, isLive, heard_ms, asked_ms, hasMedia }: PushHealth, now_ms: number): Verdict => {
  if (!isOpen) return now_ms - since_ms > openWithin_ms ? { givenUp: 'the socket does not open' } : 'fine'
  if (isLive && !hasMedia && now_ms - since_ms > mediaWithin_ms) return { givenUp: 'no media comes' }
  if (asked_ms !== undefined && heard_ms < asked_ms) return now_ms - asked_ms > answerWithin_ms ? { givenUp: 'the socket is silent' } : 'fine'
  return now_ms - heard_ms > quiet_ms ? 'ask' : 'fine'
}
