/** An HTTP proxy in front of an object store, which answers with errors or loses answers. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What becomes of a request. */
export type HttpFate =
  | { readonly _tag: 'Pass' }
  /** The service never hears of it. `code` is S3's name of the error. */
  | { readonly _tag: 'Refuse'; readonly status: number; readonly code: string }
  /** The service does what is asked; the connection breaks before the answer. */
  | { readonly _tag: 'LoseAnswer' }

/** A running proxy. */
export interface SpoiltHttp {
  /** The address with the proxy's host and port in the place of the service's. */
  readonly through: (url: string) => string
  /** Decides on every request from now on, by its method and its number since then. */
  readonly spoil: (fate: (method: string, index: number) => HttpFate) => void
  readonly heal: () => void
  /** Requests that did not pass. */
  readonly spoilt: () => number
  readonly close: () => Promise<void>
}

const pass = (): HttpFate => ({ _tag: 'Pass' })

const refuse = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status, { 'Content-Type': 'application/xml' })
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>made up</Message></Error>`)
}

/** Starts a proxy on the loopback interface in front of the service at that address, healthy. */
export const startSpoiltHttp = async (url: string): Promise<SpoiltHttp> => {
  const { hostname, port } = new URL(url)
  let fate: (method: string, index: number) => HttpFate = pass
  let index = 0
  let spoilt = 0
  const server = createServer((incoming: IncomingMessage, response) => {
    const { method = 'GET' } = incoming
    const what = fate(method, index++)
    if (what._tag !== 'Pass') spoilt++
    if (what._tag === 'Refuse') {
      incoming.resume()
      incoming.on('end', () => refuse(response, what.status, what.code))
      return
    }
    // Signatures cover the headers, the host too, so they pass as they came.
    const outgoing = request({ hostname, port, method, path: incoming.url, headers: incoming.headers }, (answer) => {
      if (what._tag === 'LoseAnswer') {
        answer.resume()
        answer.on('end', () => incoming.socket.resetAndDestroy())
        return
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => incoming.socket.resetAndDestroy())
    incoming.on('error', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return {
    through: (service) => {
      const changed = new URL(service)
      changed.host = `127.0.0.1:${address.port}`
      return changed.href
    },
    spoil: (decide) => {
      index = 0
      fate = decide
    },
    heal: () => {
      fate = pass
    },
    spoilt: () => spoilt,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
