import type { CountersShape } from './Counters.ts'

/** uWebSockets.js's code for what ends without a close frame; no client can send that (RFC 6455 §7.4.1). */
const NO_CLOSE_FRAME = 1006

/** Why it has cut a socket, in its words: no sign of life came, or a message that it does not receive, too big or against RFC 6455. */
const kinds: ReadonlyMap<string, 'timed_out' | 'message_refused'> = new Map([
  ['WebSocket timed out from inactivity', 'timed_out'],
  ['Received too big message', 'message_refused'],
  ['Received invalid UTF-8', 'message_refused'],
  ['Received invalid WebSocket frame', 'message_refused'],
  ['Received invalid close payload', 'message_refused']
])

/** Counts a socket that uWebSockets.js has cut by itself, by what its `close` was told; others are counted where they are refused. */
export const countCut = (counters: CountersShape, who: 'viewer' | 'publisher' | 'events', code: number, message: ArrayBuffer): void => {
  const kind = code === NO_CLOSE_FRAME ? kinds.get(Buffer.from(message).toString('latin1')) : undefined
  if (kind !== undefined) counters.count(`${who}_${kind}`)
}
