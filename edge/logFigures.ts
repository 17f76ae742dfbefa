import type { Fill } from '../runtime/LogFill.ts'
import type { Metric } from './Metrics.ts'

/** How full the logs are, for `/metrics`: at 80 % of its bytes a log takes no new stream, at 95 % no frames. */
export const logFigures = (fills: ReadonlyArray<Fill>): ReadonlyArray<Metric> => [
  { name: 'millrace_log_bytes', type: 'gauge', help: 'Bytes that a log holds.', label: 'log', samples: fills.map(({ log, bytes }) => [log, bytes]) },
  { name: 'millrace_log_limit_bytes', type: 'gauge', help: 'Bytes that a log may hold.', label: 'log', samples: fills.map(({ log, bytesMax }) => [log, bytesMax]) }
]
