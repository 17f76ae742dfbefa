import type { Socket } from 'node:net'

/** What an output socket tells its owner. */
export interface OutputSocketEvents {
  /** The owner may keep the bytes. */
  readonly data: (bytes: Uint8Array) => void
  readonly failed: (error: Error) => void
  /** The connection has ended, and everything that came over it is read. */
  readonly ended: () => void
}

/** The receiving end of one FFmpeg output. Reads it without ever pausing: one slow reader would freeze every rendition. */
export class OutputSocket {
  readonly #drained: Promise<void>

  constructor(socket: Socket, events: OutputSocketEvents) {
    socket.on('data', events.data)
    socket.on('error', events.failed)
    this.#drained = new Promise((resolve) => {
      socket.once('close', () => {
        resolve()
        events.ended()
      })
    })
  }

  /** Resolves once the other end is closed and everything that came is read. */
  close(): Promise<void> {
    return this.#drained
  }
}
