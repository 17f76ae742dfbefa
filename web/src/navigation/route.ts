/** Which page an address names. */
export type Route = { readonly page: 'home' } | { readonly page: 'live' } | { readonly page: 'watch'; readonly id: string } | { readonly page: 'notFound' }

const streamId = /^[A-Za-z0-9_-]{1,64}$/

/** Reads the path of an address. */
export const routeOf = (path: string): Route => {
  if (path === '/' || path === '/index.html') return { page: 'home' }
  const [, first, id, ...rest] = path.replace(/\/$/, '').split('/')
  if (first === 'live' && id === undefined) return { page: 'live' }
  if (first === 'watch' && id !== undefined && rest.length === 0 && streamId.test(id)) return { page: 'watch', id }
  return { page: 'notFound' }
}

/** The address of the page that goes live. */
export const livePath = '/live'

/** The address of a stream's page. */
export const watchPath = (id: string): string => `/watch/${id}`
