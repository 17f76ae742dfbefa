import { afterAll, expect, test } from 'vitest'
import { databaseUrl, minioAvailable, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { faults } from './faults/index.ts'
import { type FaultResult, runFault } from './runFault.ts'
import { complaintsOf, rowOf, tableOf } from './table.ts'

const stores = { databaseUrl, objectStoreUrl: () => objectStoreUrl(minioAvailable() ? 'minio' : 'directory') }
const results: Array<FaultResult> = []

afterAll(() => process.stdout.write(`${tableOf(results.map(rowOf))}\n`))

test.concurrent.each(faults.filter(({ inTests }) => inTests).map((fault) => [`${fault.group}: ${fault.name}`, fault] as const))(
  '%s: nothing is lost, nothing comes twice, viewers stay, nothing is left behind',
  async (_name, fault) => {
    const result = await runFault(fault, stores)
    results.push(result)
    expect(complaintsOf(result)).toBe('')
  },
)
