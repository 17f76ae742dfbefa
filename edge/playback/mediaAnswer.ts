import { bytesAnswer, IMMUTABLE } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'

/** Content type of playlists (RFC 8216bis 4). */
export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl'

/** Init segments, parts and segments: fMP4 that never changes under its URL. */
export const mediaAnswer = (body: ReadonlyArray<Uint8Array>, rendition: string): Answer =>
  bytesAnswer(body, rendition === AUDIO ? 'audio/mp4' : 'video/mp4', IMMUTABLE)

const AUDIO = 'audio'
