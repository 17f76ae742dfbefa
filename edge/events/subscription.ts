import { Result } from 'effect'
import { ID_RULE, isId } from '../../runtime/ids.ts'
import { STREAMS_NAMED_MAX } from './limits.ts'

/** Streams that the query of a socket names; undefined: all. The failure is a sentence for the client. */
export const readSubscription = (query: URLSearchParams): Result.Result<ReadonlySet<string> | undefined, string> => {
  const text = query.get('streams')
  if (text === null) return Result.succeed(undefined)
  const names = new Set(text.split(','))
  if (names.size > STREAMS_NAMED_MAX) return Result.fail(`a socket may name ${STREAMS_NAMED_MAX} streams`)
  if (![...names].every(isId)) return Result.fail(`streams names ids, with commas between: each ${ID_RULE}`)
  return Result.succeed(names)
}
