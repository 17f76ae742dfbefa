/** HTTP as a plain viewer speaks it: whole bodies, a deadline on each request, every failure with a name. */

/** A request that got no useful answer. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly url: string
  constructor(url: string, status: number, why: string) {
    super(`${url}: ${why}`)
    this.url = url
    this.status = status
  }
}

/** A body with the address it came from in the end and the time of its last byte, ms since 1970. */
export interface Answer {
  readonly url: string
  readonly bytes: Uint8Array
  readonly headers: Headers
  readonly at_ms: number
}

/** Gets a whole body; `range` is `first-last` in bytes. Rejects with `RequestFailed`. */
export const httpGet = async (url: string, options: { readonly timeout_ms?: number; readonly range?: string } = {}): Promise<Answer> => {
  const { timeout_ms = 8_000, range } = options
  try {
    const reply = await fetch(url, {
      signal: AbortSignal.timeout(Math.max(1, timeout_ms)),
      ...(range === undefined ? {} : { headers: { range: `bytes=${range}` } }),
    })
    const bytes = new Uint8Array(await reply.arrayBuffer())
    if (!reply.ok) throw new RequestFailed(url, reply.status, `HTTP ${reply.status} ${new TextDecoder().decode(bytes.subarray(0, 200))}`)
    return { url: reply.url, bytes, headers: reply.headers, at_ms: Date.now() }
  } catch (error) {
    if (error instanceof RequestFailed) throw error
    const cause = (error as Error).cause as { readonly code?: string } | undefined
    throw new RequestFailed(url, 0, cause?.code ?? (error as Error).message)
  }
}
