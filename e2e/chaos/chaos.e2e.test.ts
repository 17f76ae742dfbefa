import { Effect, Semaphore } from 'effect'
import { afterAll, expect, test } from 'vitest'
import { databaseUrl, minioAvailable, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { faults } from './faults/index.ts'
import { type FaultResult, runFault } from './runFault.ts'
import { complaintsOf, rowOf, tableOf } from './table.ts'

const hasMinio = minioAvailable()
const stores = { databaseUrl, objectStoreUrl: () => objectStoreUrl(hasMinio ? 'minio' : 'directory') }
const quick = faults.filter(({ inTests, group }) => inTests && (hasMinio || group !== 'stores'))
const results: Array<FaultResult> = []

/** A world is five processes and more: so many at a time leave the machine room for the moments at which faults strike. */
const worlds = Semaphore.makeUnsafe(2)

afterAll(() => process.stdout.write(`${tableOf(results.map(rowOf))}\n`))

/** That one hangs; the wait for others' worlds to end counts. */
const hangs_ms = 900_000

test.concurrent.each(quick.map((fault) => [`${fault.group}: ${fault.name}`, fault] as const))(
  '%s: nothing is lost, nothing comes twice, viewers stay, nothing is left behind',
  async (_name, fault) => {
    const result = await Effect.runPromise(worlds.withPermits(1)(Effect.promise(() => runFault(fault, stores))))
    results.push(result)
    expect(complaintsOf(result)).toBe('')
  },
  hangs_ms,
)
