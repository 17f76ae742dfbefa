import type { FfmpegEvent } from './events.ts'
import { OutputSocket } from './OutputSocket.ts'
import { RenditionReader } from './RenditionReader.ts'
import { makeSocketFolder, removeSocketFolder, socketPath } from './socketFolder.ts'

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

/**
 * The receiving ends of all outputs of one child, in a private folder that is removed as soon as FFmpeg has connected to
 * all of them: while it runs nothing of it is in the file system.
 */
export class OutputSet {
  /** Socket paths in the order of the renditions. */
  readonly paths: ReadonlyArray<string>
  readonly #folder: string
  readonly #events: OutputSetEvents
  readonly #quiet_ms: number
  readonly #readers: Array<RenditionReader> = []
  readonly #sockets: Array<OutputSocket> = []
  #quietTimer: NodeJS.Timeout | undefined
  #hasNewSamples = false

  private constructor(folder: string, outputs: number, quiet_ms: number, events: OutputSetEvents) {
    this.#folder = folder
    this.#quiet_ms = quiet_ms
    this.#events = events
    this.paths = Array.from({ length: outputs }, (_, index) => socketPath(folder, index))
  }

  /** Listens for every rendition in a new folder under `root`. Rejects, leaving nothing behind, when the system refuses. */
  static async open(
    root: string,
    renditions: ReadonlyArray<string>,
    quiet_ms: number,
    events: OutputSetEvents,
  ): Promise<OutputSet> {
    const set = new OutputSet(makeSocketFolder(root), renditions.length, quiet_ms, events)
    try {
      for (const [index, rendition] of renditions.entries()) await set.#listen(index, rendition)
      return set
    } catch (error) {
      await set.close()
      throw error
    }
  }

  /** True when every output came and ended on the border of a fragment. */
  get isWhole(): boolean {
    return this.#readers.every((reader) => reader.isWhole)
  }

  /** Call when the child is dead: reads what is still in the sockets, says `Quiet` if that is due, removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()))
    clearTimeout(this.#quietTimer)
    this.#sayQuiet()
    removeSocketFolder(this.#folder)
  }

  async #listen(index: number, rendition: string): Promise<void> {
    const reader = new RenditionReader()
    const socket = await OutputSocket.listen(socketPath(this.#folder, index), {
      connected: () => {
        if (this.#sockets.every((each) => each.isConnected)) removeSocketFolder(this.#folder)
      },
      data: (bytes) => this.#read(rendition, reader, bytes),
      failed: (error) => this.#events.failed(`output ${rendition}: ${error.message}`),
      ended: () => this.#events.ended(rendition),
    })
    this.#readers.push(reader)
    this.#sockets.push(socket)
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
