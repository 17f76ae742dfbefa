import { Result } from 'effect'
import { ID_RULE, isId } from '../../runtime/ids.ts'
import { isOriginAllowed } from '../http/socketOrigin.ts'
import { URL_LENGTH_MAX } from '../limits.ts'
import { CLOSE } from './messages.ts'

/** What a socket's request says, as it came. */
export interface WatchRequest {
  readonly id: string
  readonly query: string
  readonly origin: string
  readonly host: string
}

/** What a viewer wants. */
export interface Wanted {
  readonly id: string
  readonly viewer: string | undefined
  readonly rendition: string | undefined
}

/** Why a socket is closed before it is a viewer's. */
export interface Refusal {
  readonly code: number
  readonly reason: string
}

/** Reads a socket's request. A rendition's name is the stream's to refuse. */
export const readWatchRequest = ({ id, query, origin, host }: WatchRequest, corsOrigins: ReadonlyArray<string>): Result.Result<Wanted, Refusal> => {
  if (!isOriginAllowed(corsOrigins, origin, host)) return Result.fail({ code: CLOSE.originRefused, reason: 'pages of this origin may not watch here' })
  if (!isId(id)) return Result.fail({ code: CLOSE.unknownStream, reason: `an id ${ID_RULE}` })
  if (query.length > URL_LENGTH_MAX) return Result.fail({ code: CLOSE.badMessage, reason: `a query may have ${URL_LENGTH_MAX} characters` })
  const parameters = new URLSearchParams(query)
  const viewer = parameters.get('viewer') ?? ''
  if (viewer !== '' && !isId(viewer)) return Result.fail({ code: CLOSE.badMessage, reason: `viewer ${ID_RULE}` })
  return Result.succeed({ id, viewer: viewer === '' ? undefined : viewer, rendition: parameters.get('rendition') ?? undefined })
}
