import { NodeRuntime } from '@effect/platform-node'
import { Cause, Effect, Exit, Layer } from 'effect'
import { nodeLayer } from '../../runtime/layer.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { telemetry } from '../../runtime/telemetry.ts'
import { markSeldom } from './heap.ts'
import { actors, archive, edge, status, storage } from './roles.ts'
import { readSettings, type Role } from './settings.ts'

/** Starts a layer for what it does, whatever it provides. */
const run = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<never, E, R> => Layer.provide(Layer.empty, layer)

/** One process of the platform, doing what its roles say. */
const platform = Layer.unwrap(
  Effect.map(readSettings, (settings) => {
    const has = (role: Role): boolean => settings.roles.includes(role)
    const archiving = has('archive') ? archive(settings) : undefined
    const owning = has('actors') ? run(actors(settings)) : Layer.empty
    const parts = Layer.mergeAll(
      // A process that is no edge answers probes from before it owns anything until after it has handed all over.
      has('edge') ? Layer.merge(owning, run(edge(settings, archiving))) : owning.pipe(Layer.provide(run(status(settings, archiving)))),
      archiving === undefined ? Layer.empty : run(archiving)
    )
    return Layer.effectDiscard(Effect.logInfo('node runs', { roles: settings.roles, port: settings.edge.port })).pipe(
      Layer.provide(parts),
      Layer.provide(storage(settings)),
      Layer.provide(nodeLayer),
      Layer.provide(Layer.succeed(RuntimeSettings, settings.runtime)),
      Layer.provide(telemetry({ node: settings.runtime.node, level: settings.logLevel, format: 'auto' }))
    )
  })
)

/** An error without a message is told by its fields, none of which holds a secret. */
const lineOf = (error: { readonly _tag: string; readonly message: string }): string => {
  const { _tag, message, ...fields } = error
  return `${_tag}: ${(message === '' ? JSON.stringify(fields) : message).replace(/\s+/g, ' ')}`
}

/** What was expected to fail says so in a line; a defect shows where it happened. */
const report = (cause: Cause.Cause<{ readonly _tag: string; readonly message: string }>) => {
  const failure = cause.reasons.find(Cause.isFailReason)
  if (Cause.hasInterruptsOnly(cause)) return Effect.void
  return failure === undefined ? Effect.logFatal('the process ends', cause) : Effect.logFatal(lineOf(failure.error))
}

markSeldom()
NodeRuntime.runMain(Effect.tapCause(Layer.launch(platform), report), {
  disableErrorReporting: true,
  teardown: (exit, onExit) => onExit(Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0)
})
