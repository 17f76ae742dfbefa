import { setFlagsFromString } from 'node:v8'

/** What the heap may grow by, beyond what lived when V8 last marked it, until it marks again; percent. */
const GROWTH_PERCENT = 200

/** The flag of V8 that says so. */
export const HEAP_FLAG = '--heap-growing-percent'

/**
 * Has V8 mark the heap less often. A node's media lie outside of the heap, which is small and grows slowly; V8 by itself
 * lets it grow by no more than 8 MB and so marks it without pause, beside the threads that send: a tenth of an edge's work.
 */
export const markSeldom = (): void => setFlagsFromString(`${HEAP_FLAG}=${GROWTH_PERCENT}`)
