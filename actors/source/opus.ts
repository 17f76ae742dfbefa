/** Samples at 48 kHz of a frame, by the five configuration bits of the TOC byte (RFC 6716 §3.1, table 2). */
const frameSamples = (config: number): number => {
  if (config < 12) return [480, 960, 1920, 2880][config % 4] ?? 0
  if (config < 16) return [480, 960][config % 2] ?? 0
  return [120, 240, 480, 960][config % 4] ?? 0
}

/** Samples at 48 kHz in one Opus packet, read from its first two bytes; 0 for an empty or cut-off packet (RFC 6716 §3.1, §3.2). */
export const opusSamples = (packet: Uint8Array): number => {
  const toc = packet[0]
  if (toc === undefined) return 0
  const code = toc & 3
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 63
  return frames * frameSamples(toc >> 3)
}
