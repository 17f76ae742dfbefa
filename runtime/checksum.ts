import { crc32c as castagnoli } from '@node-rs/crc32'

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, unsigned. */
export const crc32c = (bytes: Uint8Array): number => castagnoli(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
