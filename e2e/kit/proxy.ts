/** A TCP proxy between a program and a service, which spoils the connection: cut, silent, one-way, slow. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Seen from whoever connects. */
export type Direction = 'requests' | 'replies'

/** How bytes travel in one direction. */
export interface Travel {
  /** Bytes wait here: nothing arrives, nobody is told. What was held goes on when it travels again. */
  readonly held?: boolean
  readonly delay_ms?: number
  readonly bytesPerSecond?: number
}

/** What a proxy does on seeing bytes of a request. */
export type Verdict = 'pass' | 'cutBefore' | 'loseReply'

/** A running proxy. */
export interface Proxy {
  readonly port: number
  /** The address with the proxy's host and port in the place of the service's. */
  readonly through: (url: string) => string
  /** Changes one direction, or both; of connections that are open and of those to come. */
  readonly travel: (how: Travel, direction?: Direction) => void
  /** Resets all connections. */
  readonly reset: () => void
  /** Resets all connections and each new one, until `heal`. */
  readonly cut: () => void
  /** Neither direction passes anything, and nobody is told: as when a cable is pulled. */
  readonly blackHole: () => void
  /** Everything passes again, also what was held. */
  readonly heal: () => void
  /** Open connections. */
  readonly connections: () => number
  readonly close: () => Promise<void>
}

/** Where it leads, and what it looks at. */
export interface ProxyOptions {
  /** Asked at each connection. */
  readonly to: () => { readonly host: string; readonly port: number }
  /** Looks at each run of bytes that a client sends. `loseReply`: it passes, the answer does not, and the connection is reset. */
  readonly watch?: (bytes: Buffer) => Verdict
}

const held_bytes_max = 1024 ** 2
/** A reply that is to be lost has come by then, or does not come. */
const replyWithin_ms = 1_000

interface Passing {
  readonly bytes: Buffer
  readonly due_ms: number
}

/** One direction of one connection. Holds a bounded number of bytes; the sender feels the rest as backpressure. */
class Lane {
  private readonly from: Socket
  private readonly to: Socket
  private readonly how: () => Travel
  private readonly waiting: Array<Passing> = []
  private bytes = 0
  private free_ms = 0
  private isEnded = false
  private timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, how: () => Travel) {
    this.from = from
    this.to = to
    this.how = how
    from.on('end', () => {
      this.isEnded = true
      this.move()
    })
    to.on('drain', () => this.move())
  }

  readonly take = (bytes: Buffer): void => {
    this.bytes += bytes.length
    this.waiting.push({ bytes, due_ms: performance.now() + (this.how().delay_ms ?? 0) })
    if (this.bytes > held_bytes_max) this.from.pause()
    this.move()
  }

  /** Passes on what is due. */
  readonly move = (): void => {
    clearTimeout(this.timer)
    const { held, bytesPerSecond } = this.how()
    if (held === true || this.to.writableNeedDrain) return
    for (let next = this.waiting[0]; next !== undefined && !this.to.writableNeedDrain; next = this.waiting[0]) {
      const wait_ms = Math.max(next.due_ms, this.free_ms) - performance.now()
      if (wait_ms > 0) {
        this.timer = setTimeout(this.move, wait_ms)
        return
      }
      this.waiting.shift()
      this.bytes -= next.bytes.length
      if (bytesPerSecond !== undefined) this.free_ms = performance.now() + (next.bytes.length / bytesPerSecond) * 1000
      if (!this.to.destroyed) this.to.write(next.bytes)
    }
    if (this.bytes <= held_bytes_max) this.from.resume()
    if (this.isEnded && this.waiting.length === 0) this.to.end()
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}

class Connection {
  readonly lanes: Readonly<Record<Direction, Lane>>
  private readonly client: Socket
  private readonly service: Socket

  constructor(client: Socket, service: Socket, how: Readonly<Record<Direction, () => Travel>>, watch: ProxyOptions['watch'], onClose: () => void) {
    this.client = client
    this.service = service
    const lose = { isLosing: false }
    this.lanes = { requests: new Lane(client, service, how.requests), replies: new Lane(service, client, how.replies) }
    client.on('data', (bytes) => {
      const verdict = watch?.(bytes) ?? 'pass'
      if (verdict === 'cutBefore') return this.reset()
      this.lanes.requests.take(bytes)
      if (verdict === 'pass') return
      lose.isLosing = true
      setTimeout(() => this.reset(), replyWithin_ms).unref()
    })
    service.on('data', (bytes) => (lose.isLosing ? this.reset() : this.lanes.replies.take(bytes)))
    for (const socket of [client, service]) {
      // Whatever broke, both sides are closed below.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        Object.values(this.lanes).forEach((lane) => lane.stop())
        if (socket === client) service.destroy()
        else client.destroy()
        onClose()
      })
    }
  }

  reset(): void {
    this.client.resetAndDestroy()
    this.service.resetAndDestroy()
  }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no TCP address'))
      else resolve(address.port)
    })
  })

/** Starts a proxy on the loopback interface, healthy. */
export const startProxy = async ({ to, watch }: ProxyOptions): Promise<Proxy> => {
  const open = new Set<Connection>()
  const how: Record<Direction, Travel> = { requests: {}, replies: {} }
  let isCut = false
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (isCut) return client.resetAndDestroy()
    const service = connect({ ...to(), allowHalfOpen: true })
    const connection = new Connection(client, service, { requests: () => how.requests, replies: () => how.replies }, watch, () => open.delete(connection))
    open.add(connection)
  })
  const port = await listen(server)
  const travel: Proxy['travel'] = (change, direction) => {
    for (const each of direction === undefined ? (['requests', 'replies'] as const) : [direction]) {
      how[each] = change
      for (const { lanes } of open) lanes[each].move()
    }
  }
  const reset = (): void => open.forEach((connection) => connection.reset())
  const heal = (): void => {
    isCut = false
    travel({})
  }
  return {
    port,
    through: (url) => {
      const changed = new URL(url)
      changed.host = `127.0.0.1:${port}`
      return changed.href
    },
    travel,
    reset,
    cut: () => {
      isCut = true
      reset()
    },
    blackHole: () => travel({ held: true }),
    heal,
    connections: () => open.size,
    close: async () => {
      reset()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A proxy in front of the service at that address. */
export const proxyTo = (url: string, watch?: ProxyOptions['watch']): Promise<Proxy> => {
  const { hostname, port } = new URL(url)
  return startProxy({ to: () => ({ host: hostname, port: Number(port) }), ...(watch === undefined ? {} : { watch }) })
}
