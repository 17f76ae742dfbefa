import { Layer, Logger, type LogLevel, References } from 'effect'

/** What an operator sets of the logs. */
export interface TelemetrySettings {
  /** Name of this node, in every line. */
  readonly node: string
  /** Lines below this level are not written. Default `Info`. */
  readonly level: LogLevel.LogLevel
  /** `auto`: for people where standard output is a terminal, one JSON object a line elsewhere. Default `auto`. */
  readonly format: 'auto' | 'json' | 'pretty'
}

/**
 * Logs to standard output. Lines from within an actor carry `kind`, `id` and `actor`. Nothing here knows a secret: what
 * is logged are ids, sequences and reasons, never addresses with credentials.
 */
export const telemetry = ({ node, level, format }: TelemetrySettings): Layer.Layer<never> => {
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  return Layer.mergeAll(
    Logger.layer([pretty ? Logger.consolePretty() : Logger.consoleJson]),
    Layer.succeed(References.MinimumLogLevel, level),
    Layer.succeed(References.CurrentLogAnnotations, { node })
  )
}
