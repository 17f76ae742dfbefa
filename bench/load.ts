/** The work of the ingest benchmark: so many publishers, so many messages each, one in flight. */
export interface Load {
  readonly publishers: number
  /** Of each publisher. */
  readonly messages: number
  /** One message: it begins as a WebM stream does, because ingest looks at the first bytes. */
  readonly message: Uint8Array
  /** All of it, in 10^6 bytes. */
  readonly megabytes: number
}

/** A load of messages of `bytes` bytes. */
export const makeLoad = (publishers: number, messages: number, bytes: number): Load => {
  const message = new Uint8Array(bytes).map((_, index) => (index * 2_654_435_761) >>> 24)
  message.set([0x1a, 0x45, 0xdf, 0xa3])
  return { publishers, messages, message, megabytes: (publishers * messages * bytes) / 1_000_000 }
}
