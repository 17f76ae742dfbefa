/**
 * Whether a page of `origin` may open a socket: one of those allowed, any where `*` is, and always this server's own
 * pages (`host` is the Host header). No origin is a program and not a page.
 */
export const isOriginAllowed = (allowed: ReadonlyArray<string>, origin: string, host: string): boolean =>
  origin === '' || allowed.includes('*') || allowed.includes(origin) || (host !== '' && (origin === `http://${host}` || origin === `https://${host}`))
