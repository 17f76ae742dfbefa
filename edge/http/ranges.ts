import { Effect } from 'effect'
import parseRange from 'range-parser'
import type { Answer } from './answer.ts'
import { rangeRefused } from './problems.ts'
import type { Problem } from './problems.ts'

const UNSATISFIABLE = -1

/**
 * The part of a whole answer that a Range header asks for (RFC 9110 §14): 206 for one range, 416 where no byte of it is
 * there. Headers that are not understood, and several ranges at once, get the whole, as that RFC allows.
 */
export const rangeAnswer = (whole: Answer, range: string): Effect.Effect<Answer, Problem> => {
  const offered: Answer = { ...whole, headers: { ...whole.headers, 'Accept-Ranges': 'bytes' } }
  if (range === '' || whole.status !== 200) return Effect.succeed(offered)
  const bytes = whole.body.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const ranges = parseRange(bytes, range, { combine: true })
  if (ranges === UNSATISFIABLE) return Effect.fail(rangeRefused(bytes))
  if (!Array.isArray(ranges) || ranges.type !== 'bytes' || ranges.length !== 1) return Effect.succeed(offered)
  const { start, end } = ranges[0] ?? { start: 0, end: bytes - 1 }
  const headers = { ...offered.headers, 'Content-Range': `bytes ${start}-${end}/${bytes}` }
  return Effect.succeed({ status: 206, headers, body: slice(whole.body, start, end + 1) })
}

// Views of the chunks between two offsets.
const slice = (chunks: ReadonlyArray<Uint8Array>, start: number, end: number): ReadonlyArray<Uint8Array> => {
  let begin = 0
  return chunks.flatMap((chunk) => {
    const [from, to] = [Math.max(0, start - begin), Math.min(chunk.byteLength, end - begin)]
    begin += chunk.byteLength
    return to > from ? [chunk.subarray(from, to)] : []
  })
}
