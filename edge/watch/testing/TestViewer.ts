import { WebSocket } from 'ws'
import { until } from '../../testing/startEdge.ts'
import type { ServerMessage } from '../messages.ts'
import { type FrameHeader, HEADER_BYTES, readHeader } from '../watchFrame.ts'

/** One message of the edge. */
export type Received = { readonly _tag: 'Text'; readonly message: ServerMessage } | { readonly _tag: 'Frame'; readonly header: FrameHeader; readonly payload: Uint8Array; readonly bytes: Uint8Array }

/** A piece of a rendition's media. */
export interface ReceivedMedia {
  readonly header: FrameHeader
  readonly data: Uint8Array
  /** Of an init segment. */
  readonly mimeType: string | undefined
}

/** A viewer that notes all that it gets, in order. */
export class TestViewer {
  readonly received: Array<Received> = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly socket: WebSocket

  constructor(edgeUrl: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`${edgeUrl.replace(/^http/, 'ws')}/ws/watch/${path}`, { perMessageDeflate: false, headers })
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) return void this.received.push({ _tag: 'Text', message: JSON.parse(data.toString()) as ServerMessage })
      const header = readHeader(data)
      if (header === undefined) throw new Error(`a binary message without a header: ${data.subarray(0, HEADER_BYTES).toString('hex')}`)
      this.received.push({ _tag: 'Frame', header, payload: data.subarray(HEADER_BYTES), bytes: data })
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }))
  }

  get texts(): ReadonlyArray<ServerMessage> {
    return this.received.flatMap((one) => (one._tag === 'Text' ? [one.message] : []))
  }

  get frames(): ReadonlyArray<Extract<Received, { readonly _tag: 'Frame' }>> {
    return this.received.flatMap((one) => (one._tag === 'Frame' ? [one] : []))
  }

  get states(): ReadonlyArray<string> {
    return this.texts.flatMap((message) => (message.type === 'state' ? [message.state] : []))
  }

  /** Number of a rendition in the newest list. */
  numberOf(name: string): number {
    const list = this.texts.findLast((message) => message.type === 'renditions')
    return list?.renditions.findIndex((rendition) => rendition.name === name) ?? -1
  }

  /** What it got of a rendition; init segments without the JSON before them. */
  media(name: string, from = 0): ReadonlyArray<ReceivedMedia> {
    const number = this.numberOf(name)
    return this.received.slice(from).flatMap((one): ReadonlyArray<ReceivedMedia> => {
      if (one._tag === 'Text' || one.header.rendition !== number) return []
      if (one.header.kind === 'fragment') return [{ header: one.header, data: one.payload, mimeType: undefined }]
      const length = new DataView(one.payload.buffer, one.payload.byteOffset).getUint16(0)
      const { mimeType } = JSON.parse(Buffer.from(one.payload.subarray(2, 2 + length)).toString()) as { readonly mimeType: string }
      return [{ header: one.header, data: one.payload.subarray(2 + length), mimeType }]
    })
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  async until(look: (viewer: TestViewer) => boolean, what: string): Promise<void> {
    await until(() => look(this), `${what}; closed ${JSON.stringify(this.closed)}; texts ${JSON.stringify(this.texts).slice(0, 600)}; ${this.frames.length} frames`)
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(({ closed }) => closed !== undefined, 'the socket closes')
    return this.closed ?? { code: 0, reason: '' }
  }

  leave(): void {
    this.socket.terminate()
  }
}
