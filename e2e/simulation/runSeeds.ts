import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Mutant } from './mutants.ts'
import type { SeedResult } from './runSeed.ts'

/** Which seeds to live through, and how. */
export interface SeedsWanted {
  readonly from: number
  readonly count: number
  readonly threads?: number
  readonly mutant?: Mutant
  /** Called after each seed. */
  readonly onResult?: (result: SeedResult) => void
}

/** What many seeds came to. */
export interface SeedsSummary {
  readonly seeds: number
  readonly simulated_ms: number
  readonly events: number
  readonly took_ms: number
  readonly faults: ReadonlyMap<string, number>
  /** The seed that broke a rule: of those lived through, the smallest. */
  readonly failed: SeedResult | undefined
}

const BATCH = 4
/** Young objects die young here: more room for them, less collecting. */
const YOUNG_MB = 64

/** Lives through seeds on all cores, until all are done or one breaks a rule. */
export const runSeeds = async (wanted: SeedsWanted): Promise<SeedsSummary> => {
  const begun_ms = performance.now()
  const faults = new Map<string, number>()
  const sum = { seeds: 0, simulated_ms: 0, events: 0 }
  let failed: SeedResult | undefined
  let next = wanted.from
  const end = wanted.from + wanted.count
  const take = (result: SeedResult): void => {
    sum.seeds += 1
    sum.simulated_ms += result.simulated_ms
    sum.events += result.events
    for (const [kind, times] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + times)
    if (result.violation !== undefined && (failed === undefined || result.seed < failed.seed)) failed = result
    wanted.onResult?.(result)
  }
  const batch = (): { readonly from: number; readonly count: number } | undefined => {
    if (failed !== undefined || next >= end) return undefined
    const from = next
    next = Math.min(end, from + BATCH)
    return { from, count: next - from }
  }
  const threads = Math.max(1, Math.min(wanted.threads ?? availableParallelism(), Math.ceil(wanted.count / BATCH)))
  await Promise.all(Array.from({ length: threads }, () => runThread(wanted.mutant, batch, take)))
  return { ...sum, took_ms: performance.now() - begun_ms, faults, failed }
}

const runThread = (mutant: Mutant | undefined, batch: () => { readonly from: number; readonly count: number } | undefined, take: (result: SeedResult) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: mutant, execArgv: ['--disable-warning=ExperimentalWarning'], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB }
    })
    worker.on('message', (message: SeedResult | 'done') => {
      if (message !== 'done') return take(message)
      const more = batch()
      if (more === undefined) void worker.terminate()
      else worker.postMessage(more)
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
