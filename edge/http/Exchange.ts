import { STATUS_CODES } from 'node:http'
import type { HttpResponse } from 'uWebSockets.js'
import { RESPONSE_MS_MAX, RESPONSE_STALL_MS } from '../limits.ts'
import { joinHeaders } from './answer.ts'
import type { Answer } from './answer.ts'
import { Outflow } from './Outflow.ts'

/**
 * One response on its way to a viewer. It never buffers: what the socket does not take stays in the answer's own chunks,
 * which viewers of the same media share, until the socket can take more.
 */
export class Exchange {
  readonly #res: HttpResponse
  readonly #onClosed: () => void
  #state: 'waiting' | 'sending' | 'flowing' | 'over' = 'waiting'
  #progressAt_ms = 0
  #begunAt_ms = 0
  #abort: (() => void) | undefined
  #flow: Outflow | undefined

  constructor(res: HttpResponse, onClosed: () => void) {
    this.#res = res
    this.#onClosed = onClosed
    res.onAborted(() => this.#close())
  }

  /** Calls back once if the viewer goes away before the answer is begun, or while it goes on. */
  onAbort(abort: () => void): void {
    if (this.#state === 'over') abort()
    else this.#abort = abort
  }

  /** Sends the answer, without its body for HEAD. Does nothing when the viewer has gone. */
  send(answer: Answer, headers: Readonly<Record<string, string>>, withBody: boolean, now_ms: number): void {
    if (this.#state !== 'waiting') return
    this.#state = 'sending'
    this.#begunAt_ms = now_ms
    this.#progressAt_ms = now_ms
    const bytes = answer.body.reduce((sum, { byteLength }) => sum + byteLength, 0)
    this.#res.cork(() => {
      this.#writeHead(answer, headers)
      if (!withBody || answer.status === 304) this.#endWithoutBody(answer.status === 304 ? undefined : bytes)
      else if (bytes === 0) this.#res.end()
      else return this.#sendBody(answer.body, bytes)
      this.#close()
    })
  }

  /** Begins an answer that goes on; undefined when the viewer has gone. */
  begin(answer: Answer, headers: Readonly<Record<string, string>>): Outflow | undefined {
    if (this.#state !== 'waiting') return undefined
    this.#state = 'flowing'
    this.#flow = new Outflow(this.#res)
    this.#res.cork(() => this.#writeHead(answer, headers))
    return this.#flow
  }

  /** The answer that went on has come to its end. */
  finish(): void {
    if (this.#state !== 'flowing') return
    this.#abort = undefined
    this.#close()
    this.#res.cork(() => this.#res.end())
  }

  /** Cuts the connection of a viewer that has stopped reading; says whether it did. */
  cutIfStalled(now_ms: number): boolean {
    const stalled = this.#state === 'sending' ? now_ms - this.#progressAt_ms >= RESPONSE_STALL_MS || now_ms - this.#begunAt_ms >= RESPONSE_MS_MAX : this.#state === 'flowing' && this.#flow?.isStalled(now_ms) === true
    if (stalled) this.#res.close()
    return stalled
  }

  #writeHead(answer: Answer, headers: Readonly<Record<string, string>>): void {
    this.#res.writeStatus(`${answer.status} ${STATUS_CODES[answer.status] ?? ''}`)
    for (const [name, value] of Object.entries(joinHeaders(headers, answer.headers))) this.#res.writeHeader(name, value)
  }

  // Told of a length by `endWithoutBody`, uWebSockets.js waits for so many bytes, and cuts the connection at the next request.
  #endWithoutBody(length: number | undefined): void {
    if (length !== undefined) this.#res.writeHeader('Content-Length', String(length))
    this.#res.endWithoutBody()
  }

  #sendBody(body: ReadonlyArray<Uint8Array>, bytes: number): void {
    if (this.#push(body, bytes)) return this.#close()
    this.#res.onWritable(() => {
      this.#progressAt_ms = performance.now()
      const done = this.#push(body, bytes)
      if (done) this.#close()
      return done
    })
  }

  // Sends from where the socket stopped; true once everything is sent.
  #push(body: ReadonlyArray<Uint8Array>, bytes: number): boolean {
    let begin = 0
    for (const chunk of body) {
      const skip = this.#res.getWriteOffset() - begin
      begin += chunk.byteLength
      if (skip >= chunk.byteLength) continue
      const [ok, done] = this.#res.tryEnd(skip > 0 ? chunk.subarray(skip) : chunk, bytes)
      if (done) return true
      if (!ok) return false
    }
    return false
  }

  #close(): void {
    const before = this.#state
    this.#state = 'over'
    if (before === 'over') return
    this.#flow?.close()
    this.#onClosed()
    if (before !== 'sending') this.#abort?.()
  }
}
