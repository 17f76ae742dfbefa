/** Who this page load is to edges that count viewers: a name made up here, the same on each path that it watches by. */
const viewerId: string = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** An address with the viewer's name in its query. */
export const asViewer = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}viewer=${viewerId}`
