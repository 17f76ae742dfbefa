import { NodeRuntime } from '@effect/platform-node'
import { Cause, Effect, Exit, Layer } from 'effect'
import { nodeLayer } from '../../runtime/layer.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { telemetry } from '../../runtime/telemetry.ts'
import { actors, archive, edge, storage } from './roles.ts'
import { readSettings, type Role } from './settings.ts'

/** Starts a layer for what it does, whatever it provides. */
const run = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<never, E, R> => Layer.provide(Layer.empty, layer)

/** One process of the platform, doing what its roles say. */
const platform = Layer.unwrap(
  Effect.map(readSettings, (settings) => {
    const has = (role: Role): boolean => settings.roles.includes(role)
    const archiving = has('archive') ? archive(settings) : undefined
    const parts = Layer.mergeAll(
      has('actors') ? run(actors(settings)) : Layer.empty,
      archiving === undefined ? Layer.empty : run(archiving),
      has('edge') ? run(edge(settings, archiving)) : Layer.empty
    )
    return Layer.effectDiscard(Effect.logInfo('node runs', { roles: settings.roles })).pipe(
      Layer.provide(parts),
      Layer.provide(storage(settings)),
      Layer.provide(nodeLayer),
      Layer.provide(Layer.succeed(RuntimeSettings, settings.runtime)),
      Layer.provide(telemetry({ node: settings.runtime.node, level: settings.logLevel, format: 'auto' }))
    )
  })
)

NodeRuntime.runMain(Layer.launch(platform), {
  teardown: (exit, onExit) => onExit(Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0)
})
