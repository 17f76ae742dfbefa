import { Layer } from 'effect'
import { Ask } from './Ask.ts'
import { Buckets } from './Bucket.ts'
import { Claims } from './Claims.ts'
import { Log } from './Log.ts'
import { LogFill } from './LogFill.ts'
import { Nats } from './Nats.ts'
import { Nodes } from './Nodes.ts'
import { provision } from './provision.ts'
import { WorkQueue } from './WorkQueue.ts'

/** Everything that talks to NATS, its topology created first; for any program, also one without actors. */
export const logLayer = Layer.mergeAll(LogFill.layer.pipe(Layer.provideMerge(Log.layer)), Buckets.layer, WorkQueue.layer, Ask.layer).pipe(
  Layer.provide(Layer.effectDiscard(provision)),
  Layer.provideMerge(Nats.layer)
)

/** `logLayer`, and this process as a node among nodes: heartbeat and leases. What `Host.layer` and `janitor` need. */
export const nodeLayer = Claims.layer.pipe(Layer.provideMerge(Nodes.layer), Layer.provideMerge(logLayer))
