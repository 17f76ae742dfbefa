/** A thread that lives through seeds: given `{ from, count }`, answers with each one's result. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Mutant } from './mutants.ts'
import { mutate } from './mutate.ts'

const mutant = workerData as Mutant | undefined
if (mutant !== undefined && mutant !== null) mutate(mutant)
const { runSeed } = await import('./runSeed.ts')

parentPort?.on('message', ({ from, count }: { readonly from: number; readonly count: number }) => {
  for (let seed = from; seed < from + count; seed++) {
    const result = runSeed(seed)
    parentPort?.postMessage(result)
    if (result.violation !== undefined) break
  }
  parentPort?.postMessage('done')
})
parentPort?.postMessage('done')
