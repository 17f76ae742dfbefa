/** `npm run simulate -- --seeds N [--seed S]`: the platform's programs in simulated worlds; `--seed S` alone shows one. */
import { readOptions, simulate } from '../../e2e/simulation/simulate.ts'

const options = readOptions(process.argv.slice(2))
if (options === undefined) {
  process.stderr.write('npm run simulate -- [--seeds N] [--seed S], whole numbers\n')
  process.exitCode = 2
} else {
  process.exitCode = await simulate(options)
}
