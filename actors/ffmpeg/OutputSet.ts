import type { Socket } from 'node:net'
import type { FfmpegEvent } from './events.ts'
import { OutputSocket } from './OutputSocket.ts'
import { RenditionReader } from './RenditionReader.ts'

/** What the outputs of one child tell their owner. */
export interface OutputSetEvents {
  /** `Init`, `Samples` or `Quiet`. */
  readonly event: (event: FfmpegEvent) => void
  /** Bytes came, on whichever output. */
  readonly progress: () => void
  /** An output cannot be read any further. */
  readonly failed: (reason: string) => void
  /** FFmpeg has closed an output. */
  readonly ended: (rendition: string) => void
}

/** The receiving ends of all outputs of one child. */
export class OutputSet {
  readonly #events: OutputSetEvents
  readonly #quiet_ms: number
  readonly #readers: Array<RenditionReader> = []
  readonly #sockets: Array<OutputSocket> = []
  #quietTimer: NodeJS.Timeout | undefined
  #hasNewSamples = false

  /** Reads the sockets, one for each rendition and in their order. */
  constructor(sockets: ReadonlyArray<Socket>, renditions: ReadonlyArray<string>, quiet_ms: number, events: OutputSetEvents) {
    this.#quiet_ms = quiet_ms
    this.#events = events
    for (const [index, rendition] of renditions.entries()) {
      const socket = sockets[index]
      if (socket === undefined) throw new RangeError(`no socket for output ${rendition}`)
      this.#attach(socket, rendition)
    }
  }

  /** True when every output came and ended on the border of a fragment. */
  get isWhole(): boolean {
    return this.#readers.every((reader) => reader.isWhole)
  }

  /** Call when the child is dead: reads what is still in the sockets, and says `Quiet` if that is due. */
  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()))
    clearTimeout(this.#quietTimer)
    this.#sayQuiet()
  }

  #attach(socket: Socket, rendition: string): void {
    const reader = new RenditionReader()
    this.#readers.push(reader)
    const events = {
      data: (bytes: Uint8Array) => this.#read(rendition, reader, bytes),
      failed: (error: Error) => this.#events.failed(`output ${rendition}: ${error.message}`),
      ended: () => this.#events.ended(rendition),
    }
    this.#sockets.push(new OutputSocket(socket, events))
  }

  #read(rendition: string, reader: RenditionReader, bytes: Uint8Array): void {
    this.#events.progress()
    const { init, samples, error } = reader.push(bytes)
    if (init !== undefined) this.#events.event({ _tag: 'Init', rendition, ...init })
    if (samples.length > 0) {
      this.#hasNewSamples = true
      this.#events.event({ _tag: 'Samples', rendition, samples })
    }
    if (error !== undefined) this.#events.failed(`output ${rendition}: ${error}`)
    if (!this.#hasNewSamples) return
    if (this.#quietTimer === undefined) this.#quietTimer = setTimeout(() => this.#sayQuiet(), this.#quiet_ms)
    else this.#quietTimer.refresh()
  }

  #sayQuiet(): void {
    if (!this.#hasNewSamples) return
    this.#hasNewSamples = false
    this.#events.event({ _tag: 'Quiet' })
  }
}
