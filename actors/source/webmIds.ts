/** Element ids of Matroska (RFC 9559 §5) that the index knows, with their marker bits. */
export const Id = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  contentEncodings: 0x6d80,
  defaultDuration: 0x23e383,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  outputSamplingFrequency: 0x78b5,
  channels: 0x9f,
  bitDepth: 0x6264,
  cues: 0x1c53bb6b,
  chapters: 0x1043a770,
  tags: 0x1254c367,
  attachments: 0x1941a469,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  position: 0xa7,
  prevSize: 0xab,
  silentTracks: 0x5854,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  void: 0xec,
  crc32: 0xbf,
} as const

/** Elements of a Segment that carry no frames and may stand between its Clusters. */
export const besideClusters: ReadonlySet<number> = new Set([
  Id.seekHead, Id.info, Id.tracks, Id.cues, Id.chapters, Id.tags, Id.attachments, Id.void, Id.crc32,
])

/** Elements of a Cluster that carry no frames. */
export const besideBlocks: ReadonlySet<number> = new Set([Id.position, Id.prevSize, Id.silentTracks, Id.void, Id.crc32])
