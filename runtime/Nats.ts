import { setTimeout as delay } from 'node:timers/promises'
import { Context, Effect, Layer } from 'effect'
import { connect, Events, type JetStreamManager, type NatsConnection, NatsError } from 'nats'
import { listen } from './callbacks.ts'
import { LogUnavailable, NatsUnavailable } from './errors.ts'
import { API_TIMEOUT_MS, CONNECT_TIMEOUT_MS, MESSAGE_BYTES_MAX, PING_MS, PINGS_UNANSWERED_MAX } from './limits.ts'
import { natsAddress } from './natsAddress.ts'
import { readWithoutGrowing, writeWithoutJoining } from './natsBuffers.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'

/**
 * The one connection of this process to NATS. It reconnects for ever; `connected` is false meanwhile, and writers wait
 * rather than fill the client's outbound buffer.
 */
export class Nats extends Context.Service<Nats, {
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly connected: () => boolean
  /** Resolves when connected. */
  readonly whenConnected: Effect.Effect<void>
  /** Calls back on each reconnection, until the returned function is called. */
  readonly onReconnect: (callback: () => void) => () => void
  /** Largest message that the server and our logs take, bytes. */
  readonly payloadMax: number
  readonly serverVersion: string
}>()('millrace/runtime/Nats') {
  static readonly layer = Layer.effect(
    Nats,
    Effect.gen(function* () {
      const settings = yield* RuntimeSettings
      const connection = yield* Effect.acquireRelease(open(settings.natsUrl, settings.node), (opened) =>
        Effect.promise(() => close(opened))
      )
      const state = watchStatus(connection)
      failAtDisconnect(connection, state)
      writeWithoutJoining(connection)
      readWithoutGrowing(connection)
      const manager = yield* ask('jetstream manager', () => connection.jetstreamManager({ checkAPI: false, timeout: API_TIMEOUT_MS }))
      return Nats.of({
        connection,
        manager,
        connected: () => state.connected,
        whenConnected: Effect.callback<void>((resume) => {
          if (state.connected) return resume(Effect.void)
          const wake = (): void => {
            state.callbacks.delete(wake)
            resume(Effect.void)
          }
          state.callbacks.add(wake)
          return Effect.sync(() => state.callbacks.delete(wake))
        }),
        onReconnect: (callback) => listen(state.callbacks, callback),
        payloadMax: Math.min(MESSAGE_BYTES_MAX, connection.info?.max_payload ?? 1024 * 1024),
        serverVersion: connection.info?.version ?? '0.0.0'
      })
    })
  )
}

/** Runs one request to JetStream and names what went wrong. */
export const ask = <A>(operation: string, request: () => Promise<A>): Effect.Effect<A, LogUnavailable> =>
  Effect.tryPromise({ try: request, catch: (cause) => new LogUnavailable({ operation, reason: reasonOf(cause) }) })

/** JetStream's own error code (such as 10071), or undefined where the error is not JetStream's. */
export const apiCode = (cause: unknown): number | undefined =>
  cause instanceof NatsError ? cause.api_error?.err_code : undefined

/** What a failed request says, in a few words. */
export const reasonOf = (cause: unknown): string =>
  cause instanceof NatsError ? (cause.api_error?.description ?? cause.code) : String(cause)

const open = (natsUrl: string, name: string): Effect.Effect<NatsConnection, NatsUnavailable> =>
  Effect.suspend(() => {
    const { servers, credentials } = natsAddress(natsUrl)
    return Effect.tryPromise({
      try: () =>
        connect({
          servers: [...servers],
          name,
          ...credentials,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 200,
          reconnectJitter: 100,
          pingInterval: PING_MS,
          maxPingOut: PINGS_UNANSWERED_MAX,
          // Else each request captures two stacks that nobody reads.
          noAsyncTraces: true,
          // The client does not notice a connection that breaks during its handshake, and waits this long before it tries again.
          timeout: CONNECT_TIMEOUT_MS
        }),
      catch: (cause) => new NatsUnavailable({ server: servers.join(', '), reason: reasonOf(cause) })
    })
  })

/** What was published last (an acknowledgement, something given back) goes out first, where the server is there. */
const close = async (connection: NatsConnection): Promise<void> => {
  await Promise.race([connection.flush().catch(() => undefined), delay(CLOSE_FLUSH_MS)])
  await connection.close()
}

const CLOSE_FLUSH_MS = 500

interface Status {
  connected: boolean
  readonly callbacks: Set<() => void>
  /** Requests whose answer can no longer come once the connection is lost. */
  readonly inFlight: Set<(cause: NatsError) => void>
}

/**
 * Lets every request, also those of the JetStream client, fail when the connection is lost. The client itself lets them
 * run into their timeouts, and everything that waits for them would be seconds late after a server's restart.
 */
const failAtDisconnect = (connection: NatsConnection, state: Status): void => {
  const request = connection.request.bind(connection)
  connection.request = (subject, payload, options) =>
    new Promise((resolve, reject) => {
      state.inFlight.add(reject)
      request(subject, payload, options).then(resolve, reject).finally(() => state.inFlight.delete(reject))
    })
}

const watchStatus = (connection: NatsConnection): Status => {
  const state: Status = { connected: true, callbacks: new Set(), inFlight: new Set() }
  const follow = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        state.connected = false
        for (const fail of [...state.inFlight]) fail(new NatsError('connection lost', 'DISCONNECT'))
      }
      if (status.type !== Events.Reconnect) continue
      state.connected = true
      for (const callback of [...state.callbacks]) callback()
    }
    state.connected = false
  }
  void follow()
  return state
}
