/** Answers in place of the server's, for states that are hard to bring about. */
import type { Page } from 'playwright-core'

/** A stream as the API shows it, in part; what is left out is filled in. */
export type PretendedStream = Readonly<Record<string, unknown>> & { readonly id: string }

const whole = (stream: PretendedStream, index: number): Readonly<Record<string, unknown>> => ({
  title: stream.id,
  status: 'live',
  state: stream['status'] ?? 'live',
  publishing: true,
  startedAt: new Date(Date.now() - (index + 1) * 190_000).toISOString(),
  viewers: 0,
  renditions: [{ name: 'source', codec: 'avc1.64001f', width: 1280, height: 720, bandwidth: 2_500_000 }],
  losses: [],
  ...stream,
})

/** The page is told of these streams and of no other, by the API and by events; `onEvents` gets what sends further events. */
export const pretendStreams = async (page: Page, streams: ReadonlyArray<PretendedStream>, onEvents?: (send: (event: object) => void) => void): Promise<void> => {
  const known = streams.map(whole)
  await page.route(/\/api\/streams$/, (route) => route.fulfill({ json: { streams: known } }))
  await page.route(/\/api\/streams\/[^/]+$/, (route) => {
    const found = known.find(({ id }) => route.request().url().endsWith(`/${String(id)}`))
    return route.fulfill(found === undefined ? { status: 404, json: { title: 'Not Found' } } : { json: found })
  })
  await page.routeWebSocket(/\/ws\/events/, (socket) => {
    const named = new URL(socket.url()).searchParams.get('streams')?.split(',')
    const told = known.filter((stream) => (named === undefined ? stream['status'] === 'live' : named.includes(String(stream['id']))))
    const send = (event: object): void => socket.send(JSON.stringify(event))
    send({ type: 'streams', streams: told })
    onEvents?.(send)
  })
}

/** Media of one stream is given out as that of others, whose ids begin with `prefix`. */
export const pretendMedia = async (page: Page, prefix: string, id: string): Promise<void> => {
  const others = new RegExp(`/(live|recordings)/${prefix}[^/]*/`)
  await page.route(others, (route) => route.continue({ url: route.request().url().replace(others, `/$1/${id}/`) }))
}

/** The server answers nothing that pages ask for; the pages themselves have come. */
export const pretendAway = async (page: Page): Promise<void> => {
  await page.route(/\/(api|live|recordings)\//, (route) => route.abort('connectionrefused'))
  await page.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1013 }))
}
