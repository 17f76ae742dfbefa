import type { Identity } from './publishingState.ts'

const idBytes = 9
const tokenBytes = 24

/** Random bytes as base64url. */
const random = (bytes: number): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)))).replaceAll('+', '-').replaceAll('/', '_')

/** A stream of one's own: an id that nobody has used, short enough for a link, and a secret that nobody guesses. */
export const newIdentity = (title: string): Identity => ({ recordingId: random(idBytes), publisherToken: random(tokenBytes), title })
