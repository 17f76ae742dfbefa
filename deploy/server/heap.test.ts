import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { HEAP_FLAG } from './heap.ts'

// An unknown flag is not refused: it would do nothing.
it('this V8 has the flag that says how far the heap may grow', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(`  ${HEAP_FLAG} `)
})
