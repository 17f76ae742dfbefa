/** Servers of one NATS, and who we are there. */
export interface NatsAddress {
  /** `host:port` of each server; the client learns of the others of a cluster from any. */
  readonly servers: ReadonlyArray<string>
  readonly credentials: { readonly user?: string; readonly pass?: string }
}

/** Reads `nats://user:password@host:port`, or several, comma-separated, of which the first with a user counts for all. */
export const natsAddress = (text: string): NatsAddress => {
  const urls = text.split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => new URL(part.includes('://') ? part : `nats://${part}`))
  const named = urls.find(({ username }) => username !== '')
  return {
    servers: urls.map(({ host }) => host),
    credentials: named === undefined ? {} : { user: decodeURIComponent(named.username), pass: decodeURIComponent(named.password) }
  }
}
