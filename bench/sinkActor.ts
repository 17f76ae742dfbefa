/**
 * The actors' side of the ingest benchmark, a process of its own that edges see as a node with room: a mailbox for each stream, as `StreamActor` opens it,
 * each chunk decoded, and a sink where FFmpeg would be. The parent says which streams and how many bytes; the answer
 * comes when all of them have arrived.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { Context, Effect, Exit, Layer, Scope } from 'effect'
import { IngestRecordSchema } from '../proto/gen/millrace/v1/ingest_pb.js'
import { nodeLayer } from '../runtime/layer.ts'
import { Log, type Mailbox } from '../runtime/Log.ts'
import { RuntimeSettings } from '../runtime/RuntimeSettings.ts'

/** What the parent sends. */
export interface SinkOrder {
  readonly ids: ReadonlyArray<string>
  /** Bytes of media to wait for, over all streams. */
  readonly bytes: number
}
/** What the parent gets: `up` when edges see the sink as a node, `ready` when all mailboxes are open, `taken` when all bytes are there. */
export type SinkAnswer = 'up' | 'ready' | 'taken'

const settings = Layer.succeed(RuntimeSettings, {
  natsUrl: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
  node: 'bench-sink',
  roles: ['actors'],
  shards: Number(process.env['MILLRACE_SHARDS'] ?? 4),
  replicas: 1,
  logBytes: Number(process.env['MILLRACE_LOG_BYTES'] ?? 4 * 1024 ** 3),
  lease_ms: 1_000,
  capacity: 1_000_000,
  drain_ms: 1_000,
})

const answer = (text: SinkAnswer): void => void process.send?.(text)

const serve = async (): Promise<void> => {
  const root = Scope.makeUnsafe()
  const log = Context.get(await Effect.runPromise(Layer.buildWithScope(Layer.provide(nodeLayer, settings), root)), Log)
  let current = Scope.makeUnsafe()
  const take = async ({ ids, bytes }: SinkOrder): Promise<void> => {
    await Effect.runPromise(Scope.close(current, Exit.void))
    current = Scope.makeUnsafe()
    let taken = 0
    for (const id of ids) {
      const opened: { mailbox?: Mailbox } = {}
      const onEntry = ({ data }: { readonly data: Uint8Array }): void => {
        const { body } = fromBinary(IngestRecordSchema, data)
        if (body.case === 'chunk') taken += body.value.data.length
        opened.mailbox?.more()
        if (taken === bytes) answer('taken')
      }
      opened.mailbox = await Effect.runPromise(Scope.provide(log.mailbox(log.subject('ingest', id), `${id}-sink`, 1, onEntry), current))
      opened.mailbox.more()
    }
    answer('ready')
  }
  process.on('message', (order: SinkOrder) => void take(order))
  process.on('disconnect', () => process.exit(0))
  answer('up')
}

await serve()
