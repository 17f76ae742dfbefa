/** What the Watch page plays and what it says, from what the platform knows and how playback goes. Pure. */
import { recordingPlaylist, type Stream } from '../api/stream.ts'
import type { Phase } from './session.ts'

/** What is played. */
export interface Source {
  readonly id: string
  /** Address of its playlist. */
  readonly url: string
  readonly live: boolean
}

/** What the platform says of the stream: nothing yet, that there is none, or how it is. */
export type Known = 'asking' | 'unknown' | Stream

/** Words over the picture; `busy` ones are on their way to becoming a picture. */
export interface Notice {
  readonly title: string
  readonly detail: string
  readonly tone: 'busy' | 'calm' | 'bad'
  /** Offers the recording. */
  readonly offersRecording?: boolean
}

/** What is known, with what the playback itself has heard of the publisher. */
export const withPublisherAway = (known: Known, isAway: boolean): Known =>
  isAway && typeof known !== 'string' && known.state === 'live' ? { ...known, state: 'reconnecting' } : known

/** What to play from now on, given what has been played. A live playback runs to its own end before anything replaces it. */
export const nextSource = (playing: Source | undefined, known: Known, phase: Phase, wantsRecording: boolean): Source | undefined => {
  if (known === 'asking' || known === 'unknown') return playing
  if (known.status === 'live') {
    if (playing?.live) return playing
    return known.state === 'waiting' ? undefined : { id: known.id, url: known.playlist, live: true }
  }
  const runs = phase === 'playing' || phase === 'stalled' || phase === 'ended'
  const keeps = playing?.live === true && !wantsRecording && runs
  if (keeps) return playing
  return known.status === 'archived' ? { id: known.id, url: recordingPlaylist(known.id), live: false } : undefined
}

const connecting: Notice = { title: 'Connecting', detail: '', tone: 'busy' }
const unknown: Notice = {
  title: 'There is no stream here yet',
  detail: 'If the address is right, it may not have begun. This page keeps looking, and plays it as soon as it does.',
  tone: 'calm',
}
const unreachable: Notice = { title: 'The server does not answer', detail: 'Trying again by itself.', tone: 'bad' }
const notBegun: Notice = { title: 'About to begin', detail: 'The publisher is here; the picture starts by itself.', tone: 'busy' }
const reconnecting: Notice = { title: 'Reconnecting', detail: 'Nothing is heard of the publisher at the moment. The picture goes on by itself as soon as it is back.', tone: 'busy' }
const standing: Notice = { title: 'The picture stands still', detail: 'Nothing comes from the publisher at the moment. It goes on by itself.', tone: 'busy' }
const lost: Notice = { title: 'The picture was lost', detail: 'It comes back by itself.', tone: 'busy' }

const ended: Notice = { title: 'The stream has ended', detail: 'Its recording is being put away, and will play here in a moment.', tone: 'busy' }

const withoutPicture = (stream: Stream): Notice => {
  switch (stream.state) {
    case 'waiting':
      return stream.isPublishing ? notBegun : reconnecting
    case 'live':
      return connecting
    case 'reconnecting':
      return reconnecting
    case 'ended':
      if (stream.renditions.length === 0) return { title: 'The stream has ended', detail: 'Nothing was recorded.', tone: 'calm' }
      return ended
    case 'failed':
      return { title: 'The stream has failed', detail: stream.reason ?? 'It could not be made playable.', tone: 'bad' }
    case 'archived':
      return { title: 'Opening the recording', detail: '', tone: 'busy' }
  }
}

/** What is said over the picture, which has been stalled for long or not; `undefined`: the picture speaks for itself. */
export const noticeOf = (known: Known, isUnreachable: boolean, source: Source | undefined, phase: Phase, isStalledLong = false): Notice | undefined => {
  const isAway = typeof known !== 'string' && known.state === 'reconnecting'
  if (isAway && (phase === 'stalled' || phase === 'recovering') && source?.live === true) return reconnecting
  if (phase === 'stalled' && isStalledLong && source?.live === true && !isUnreachable) return standing
  if (source !== undefined && (phase === 'playing' || phase === 'stalled')) return undefined
  if (known === 'asking') return isUnreachable ? unreachable : connecting
  if (phase === 'ended' && source?.live === false) return undefined
  if (phase === 'ended' && known !== 'unknown' && known.status === 'archived')
    return { title: 'The stream has ended', detail: 'Its recording is ready.', tone: 'calm', offersRecording: true }
  if (known === 'unknown') return unknown
  if (phase === 'ended' && known.status === 'live') return ended
  if (phase === 'recovering' && source !== undefined) return isUnreachable ? unreachable : lost
  return withoutPicture(known)
}

/** What its encoder is behind by is told from here on, in ms. */
const lagTold_ms = 2_000

/** Words for an encoder that does not keep up, for instance `The encoder is 3 s behind`; `undefined` where it does. */
export const lagOf = (known: Known): string | undefined => {
  if (typeof known === 'string' || known.status !== 'live' || (known.lag_ms ?? 0) < lagTold_ms) return undefined
  return `The encoder is ${Math.round((known.lag_ms ?? 0) / 1000)} s behind`
}
