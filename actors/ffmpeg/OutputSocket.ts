import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** What an output socket tells its owner. */
export interface OutputSocketEvents {
  readonly connected: () => void
  /** The owner may keep the bytes. */
  readonly data: (bytes: Uint8Array) => void
  readonly failed: (error: Error) => void
  /** The connection has ended, and everything that came over it is read. */
  readonly ended: () => void
}

/**
 * The listening end of one FFmpeg output. Takes one connection, reads it without ever pausing (one slow reader would
 * freeze every rendition), and stops listening once it has it.
 */
export class OutputSocket {
  readonly #server: Server
  readonly #events: OutputSocketEvents
  readonly #drained: Promise<void>
  #resolveDrained: () => void = () => {}
  #socket: Socket | undefined

  private constructor(events: OutputSocketEvents) {
    this.#events = events
    this.#server = createServer((socket) => this.#accept(socket))
    this.#drained = new Promise((resolve) => {
      this.#resolveDrained = resolve
    })
  }

  /** Listens at `path`. Rejects with what the system says. */
  static async listen(path: string, events: OutputSocketEvents): Promise<OutputSocket> {
    const output = new OutputSocket(events)
    await new Promise<void>((resolve, reject) => {
      output.#server.once('error', reject)
      output.#server.listen(path, () => {
        output.#server.off('error', reject)
        output.#server.on('error', events.failed)
        resolve()
      })
    })
    return output
  }

  get isConnected(): boolean {
    return this.#socket !== undefined
  }

  /** Stops listening; resolves once everything that came over the connection, if there was one, is read. */
  async close(): Promise<void> {
    this.#server.close()
    if (this.#socket === undefined) this.#resolveDrained()
    await this.#drained
  }

  #accept(socket: Socket): void {
    if (this.#socket !== undefined) {
      socket.destroy()
      return
    }
    this.#socket = socket
    this.#server.close()
    socket.on('data', (bytes) => this.#events.data(bytes))
    socket.on('error', (error) => this.#events.failed(error))
    socket.on('close', () => {
      this.#resolveDrained()
      this.#events.ended()
    })
    this.#events.connected()
  }
}
