/** What the page says about a stream being published. Pure. */
import type { Failure } from './publishingState.ts'
import type { PublisherView } from './createPublisher.ts'

/** A state in words. `title` changes only with the state; figures that move are in `detail`. */
export interface Words {
  readonly title: string
  readonly detail: string
  readonly tone: 'calm' | 'busy' | 'bad'
}

/** Waiting for longer than this is not the usual way of a chunk to the log. */
const slow_s = 2

const seconds = (s: number): string => `${s.toFixed(s < 10 ? 1 : 0)} s`

/** How the stream goes, for who publishes it. */
export const wordsOf = ({ phase, figures, isFull, isStopping }: PublisherView): Words => {
  const [waiting, kept] = [seconds(figures.waiting_s), seconds(figures.kept_s)]
  if (isStopping) return { title: 'Ending the stream', detail: figures.waitingChunks > 0 ? `${waiting} still to be stored.` : 'Everything is stored.', tone: 'busy' }
  if (isFull) return { title: 'Recording waits for the connection', detail: `${kept} are kept here and will be sent; no more can be kept. What happens until then is not recorded.`, tone: 'bad' }
  if (phase === 'connecting') return { title: 'Connecting', detail: 'You are recorded already; nothing will be missing.', tone: 'busy' }
  if (phase === 'reconnecting') return { title: 'The connection is lost', detail: `Coming back by itself. ${kept} are kept here and will be sent.`, tone: 'bad' }
  if (figures.waiting_s >= slow_s) return { title: 'Sending is slower than recording', detail: `${waiting} wait to be stored. If that grows, choose a smaller picture.`, tone: 'bad' }
  if (figures.lostChunks > 0) return { title: 'Some of the stream was lost', detail: 'The rest is stored as you go.', tone: 'bad' }
  return { title: 'Stored as you go', detail: 'What is stored can no longer be lost.', tone: 'calm' }
}

/** Why the stream does not go on, and what to do. */
export const failureWords = ({ kind, words }: Failure): Words => {
  switch (kind) {
    case 'unreachable':
      return { title: 'The server does not answer', detail: 'Look at your connection, then try again.', tone: 'bad' }
    case 'noRoom':
      return { title: 'The server cannot take the stream now', detail: `Try again in a moment. The server says: ${words || 'try later'}.`, tone: 'bad' }
    case 'taken':
      return { title: 'The stream goes on elsewhere', detail: 'Another tab or device has taken it over. You can take it back.', tone: 'bad' }
    case 'refused':
      return { title: 'The server does not take this stream', detail: words ? `It says: ${words}.` : 'It does not say why.', tone: 'bad' }
  }
}

/** `2.5 Mb/s`, `640 kb/s`. */
export const formatRate = (bits: number): string => (bits >= 1_000_000 ? `${(bits / 1_000_000).toFixed(1)} Mb/s` : `${Math.round(bits / 1000)} kb/s`)

/** `12.4 MB`, `1.20 GB`. */
export const formatBytes = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`)
