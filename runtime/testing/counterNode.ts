import { NodeRuntime } from '@effect/platform-node'
import { Exit, Layer } from 'effect'
import { Host } from '../Host.ts'
import { nodeLayer } from '../layer.ts'
import { RuntimeSettings } from '../RuntimeSettings.ts'
import { telemetry } from '../telemetry.ts'
import { counter } from './counter.ts'
import { testSettings } from './runtimeLayer.ts'

/** A node that owns counters: settings from `NATS_URL`, `NODE_NAME`, `LEASE_MS`, `CAPACITY`; ends in an orderly way on SIGTERM. */
const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const node = process.env['NODE_NAME'] ?? 'counter'
const settings = testSettings(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222', {
  node,
  lease_ms: number('LEASE_MS', 1_000),
  capacity: number('CAPACITY', 16)
})

const program = Host.layer(counter).pipe(
  Layer.provide(nodeLayer),
  Layer.provide(Layer.succeed(RuntimeSettings, settings)),
  Layer.provide(telemetry({ node, level: 'Info', format: 'json' }))
)

NodeRuntime.runMain(Layer.launch(program), {
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Exit.hasInterrupts(exit) ? 0 : 1)
})
