/** Address of a socket on this page's own host; `path` may have a query. */
export const socketUrl = (path: string): string => `${location.origin.replace(/^http/, 'ws')}${path}`
