import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

const ROOT = new URL('../../', import.meta.url)

/** Breaks every module that is loaded from now on as the mutant says. Throws where the code no longer reads as the mutant expects. */
export const mutate = ({ name, file, find, replace }: Mutant): void => {
  const target = new URL(file, ROOT).href
  const source = readFileSync(fileURLToPath(target), 'utf8')
  if (!source.includes(find)) throw new Error(`the mutant "${name}" does not find its place in ${file}`)
  registerHooks({
    load: (url, context, next) => {
      if (url !== target) return next(url, context)
      return { format: 'module-typescript', source: source.replaceAll(find, replace), shortCircuit: true }
    }
  })
}
