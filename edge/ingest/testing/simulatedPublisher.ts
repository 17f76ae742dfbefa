import type { IngestWorld, SimulatedSession } from './ingestWorld.ts'

/** The first bytes of a WebM stream, then others. */
export const webm = (...rest: ReadonlyArray<number>): Uint8Array => Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4, ...rest)
/** So many equal bytes. */
export const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)
/** Gives a session a binary frame. */
export const send = (session: SimulatedSession, frame: Uint8Array): void => session.take({ _tag: 'Binary', bytes: frame })

/** Starts the recording `cam`, answered. */
export const begin = (world: IngestWorld, more: object = {}) => {
  const session = world.connect()
  session.say({ type: 'start', recordingId: 'cam', mimeType: 'video/webm', ...more })
  session.settle()
  const started = session.last('started')
  if (started === undefined) throw new Error(`not started: ${session.closed?.reason}`)
  return { session, token: started.publisherToken, started }
}

/** Resumes a recording, answered. */
export const resume = (world: IngestWorld, token: string, epoch = 0, recordingId = 'cam'): SimulatedSession => {
  const session = world.connect()
  session.say({ type: 'resume', recordingId, epoch, publisherToken: token })
  return session.settle()
}
