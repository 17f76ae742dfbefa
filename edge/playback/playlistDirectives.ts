import { Effect } from 'effect'
import type { Wanted } from '../../actors/playlist/findRevision.ts'
import { badRequest } from '../http/problems.ts'
import type { Problem } from '../http/problems.ts'

/** Delivery directives of a request for a media playlist (RFC 8216bis 6.2.5). */
export interface Directives {
  readonly wanted: Wanted
  /** A delta update will do. */
  readonly skip: boolean
}

const COUNT = /^\d{1,9}$/

/** Reads the directives; fails with 400 where one is no number, or a part is asked for without its segment. */
export const playlistDirectives = (query: URLSearchParams): Effect.Effect<Directives, Problem> => {
  const [msn, part, skip] = ['_HLS_msn', '_HLS_part', '_HLS_skip'].map((name) => query.get(name))
  const asked = skip === 'YES' || skip === 'v2'
  if (msn == null && part == null) return Effect.succeed({ wanted: 'newest', skip: asked })
  if (msn == null) return Effect.fail(badRequest('_HLS_part needs _HLS_msn'))
  if (!COUNT.test(msn)) return Effect.fail(badRequest('_HLS_msn is a media sequence number'))
  if (part != null && !COUNT.test(part)) return Effect.fail(badRequest('_HLS_part is the index of a part'))
  return Effect.succeed({ wanted: { msn: Number(msn), part: part == null ? undefined : Number(part) }, skip: asked })
}
