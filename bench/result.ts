/** One line of JSON for each benchmark, so that runs can be compared by programs. */
import { cpus, loadavg } from 'node:os'

const rounded = (_key: string, value: unknown): unknown => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value)

/** Prints a benchmark's figures; units are last in their names. */
export const printResult = (bench: string, figures: object): void => {
  process.stdout.write(`${JSON.stringify({ bench, ...figures, cores: cpus().length, load: loadavg()[0] }, rounded)}\n`)
}
