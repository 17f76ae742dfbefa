import type { TraceLine } from './world/World.ts'
import { runSeed } from './runSeed.ts'
import { runSeeds, type SeedsSummary } from './runSeeds.ts'

const LINES_SHOWN = 60
const SAY_EVERY_MS = 30_000
const HOUR_MS = 3_600_000

/** What the command line asks for. */
export interface SimulateOptions {
  /** How many seeds; undefined: one, with its trace. */
  readonly seeds: number | undefined
  readonly seed: number
}

/** Reads `--seeds N` and `--seed S`; undefined where they are not so. */
export const readOptions = (args: ReadonlyArray<string>): SimulateOptions | undefined => {
  const value = (name: string): number | undefined => {
    const at = args.indexOf(name)
    return at < 0 ? undefined : Number(args[at + 1])
  }
  const [seeds, seed] = [value('--seeds'), value('--seed')]
  const known = args.every((arg, index) => ['--seeds', '--seed'].includes(index % 2 === 0 ? arg : '--seed'))
  if (!known || [seeds, seed].some((given) => given !== undefined && !(Number.isSafeInteger(given) && given >= 0))) return undefined
  return { seeds: seeds ?? (seed === undefined ? SEEDS_USUALLY : undefined), seed: seed ?? 1 }
}

const SEEDS_USUALLY = 300

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const lineOf = ([at_ms, what, who, detail]: TraceLine): string => `${at_ms.toFixed(1).padStart(10)} ms  ${what}  ${who} ${detail}`

const rate = ({ seeds, took_ms, simulated_ms }: Pick<SeedsSummary, 'seeds' | 'took_ms' | 'simulated_ms'>): string =>
  `${seeds} seeds, ${((seeds * 1_000) / took_ms).toFixed(1)} a second, ${(simulated_ms / HOUR_MS).toFixed(1)} simulated hours`

/** Lives through seeds as asked, says what came of them; resolves with the exit code. */
export const simulate = async (options: SimulateOptions): Promise<number> => {
  if (options.seeds === undefined) return replay(options.seed)
  const so_far = { seeds: 0, simulated_ms: 0 }
  const begun_ms = performance.now()
  let said_ms = begun_ms
  const summary = await runSeeds({
    from: options.seed,
    count: options.seeds,
    onResult: ({ simulated_ms }) => {
      so_far.seeds += 1
      so_far.simulated_ms += simulated_ms
      if (performance.now() - said_ms < SAY_EVERY_MS) return
      said_ms = performance.now()
      say(rate({ ...so_far, took_ms: said_ms - begun_ms }))
    }
  })
  say(rate(summary))
  say('faults:')
  for (const [kind, times] of [...summary.faults].sort()) say(`  ${String(times).padStart(8)}  ${kind}`)
  if (summary.failed === undefined) return 0
  const { seed, violation, lines } = summary.failed
  for (const line of lines.slice(-LINES_SHOWN)) say(lineOf(line))
  say(`seed ${seed} broke a rule at ${Math.round(violation?.at_ms ?? 0)} ms: ${violation?.invariant}\n  ${violation?.detail}\n  again, with its trace: npm run simulate -- --seed ${seed}`)
  return 1
}

const replay = (seed: number): number => {
  const { violation, hash, simulated_ms } = runSeed(seed, (line) => say(lineOf(line)))
  say(`seed ${seed}: ${(simulated_ms / 1_000).toFixed(1)} simulated seconds, trace ${hash}`)
  if (violation === undefined) return 0
  say(`a rule is broken at ${Math.round(violation.at_ms)} ms: ${violation.invariant}\n  ${violation.detail}`)
  return 1
}
