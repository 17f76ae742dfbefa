/** What the Watch page plays and what it says, from what the platform knows and how playback goes. Pure. */
import { recordingPlaylist, type Stream } from '../api/stream.ts'
import type { Phase } from './session.ts'

/** What is played. */
export interface Source {
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

/** What to play from now on, given what has been played. A live playback runs to its own end before anything replaces it. */
export const nextSource = (playing: Source | undefined, known: Known, phase: Phase, wantsRecording: boolean): Source | undefined => {
  if (known === 'asking' || known === 'unknown') return playing
  if (known.status === 'live') return playing?.live ? playing : { url: known.playlist, live: true }
  const runs = phase === 'playing' || phase === 'stalled' || phase === 'ended'
  const keeps = playing?.live === true && !wantsRecording && runs
  if (keeps) return playing
  return known.status === 'archived' ? { url: recordingPlaylist(known.id), live: false } : undefined
}

const waiting: Notice = { title: 'Opening the stream', detail: '', tone: 'busy' }
const unknown: Notice = {
  title: 'There is no stream here yet',
  detail: 'If the address is right, it may not have begun. This page keeps looking, and plays it as soon as it does.',
  tone: 'calm',
}
const unreachable: Notice = { title: 'The server does not answer', detail: 'Trying again by itself.', tone: 'bad' }

const withoutPicture = (stream: Stream): Notice => {
  switch (stream.status) {
    case 'live':
      return { title: 'About to begin', detail: 'The publisher is connected; the first picture is on its way.', tone: 'busy' }
    case 'ended':
      if (stream.renditions.length === 0) return { title: 'The stream has ended', detail: 'Nothing was recorded.', tone: 'calm' }
      return { title: 'The stream has ended', detail: 'Its recording is being put away, and will play here in a moment.', tone: 'busy' }
    case 'failed':
      return { title: 'The stream has failed', detail: stream.reason ?? 'It could not be made playable.', tone: 'bad' }
    case 'archived':
      return { title: 'Opening the recording', detail: '', tone: 'busy' }
  }
}

const away: Notice = { title: 'The publisher has lost its connection', detail: 'The picture goes on as soon as it is back.', tone: 'busy' }

/** What is said over the picture; `undefined`: the picture speaks for itself. */
export const noticeOf = (known: Known, isUnreachable: boolean, source: Source | undefined, phase: Phase): Notice | undefined => {
  if (phase === 'stalled' && typeof known !== 'string' && known.status === 'live' && !known.isPublishing) return away
  if (source !== undefined && (phase === 'playing' || phase === 'stalled')) return undefined
  if (known === 'asking') return isUnreachable ? unreachable : waiting
  if (phase === 'ended' && source?.live === false) return undefined
  if (phase === 'ended' && known !== 'unknown' && known.status === 'archived')
    return { title: 'The stream has ended', detail: 'Its recording is ready.', tone: 'calm', offersRecording: true }
  if (known === 'unknown') return unknown
  if (phase === 'recovering' && source !== undefined)
    return isUnreachable ? unreachable : { title: 'The picture was lost', detail: 'Coming back by itself.', tone: 'busy' }
  return withoutPicture(known)
}
