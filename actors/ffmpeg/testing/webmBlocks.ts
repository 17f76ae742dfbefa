/** A block of a WebM stream: where its element begins, and what it says. */
export interface WebmBlock {
  readonly offset: number
  readonly clusterTimecode: number
  readonly track: number
  readonly pts: number
  readonly keyframe: boolean
}

/** A WebM stream cut open: the bytes before the first Cluster, and every block. */
export interface WebmBlocks {
  readonly header: Uint8Array
  readonly blocks: ReadonlyArray<WebmBlock>
}

const SEGMENT = 0x18538067
const CLUSTER = 0x1f43b675
const TIMECODE = 0xe7
const BLOCK_GROUP = 0xa0
const BLOCK = 0xa1
const REFERENCE = 0xfb
const SIMPLE_BLOCK = 0xa3

interface Element {
  readonly id: number
  readonly start: number
  readonly content: number
  readonly end: number
}

/** Reads a whole recording; for tests only, it trusts its input. */
export const webmBlocks = (bytes: Buffer): WebmBlocks => {
  const blocks: Array<WebmBlock> = []
  let header: Uint8Array | undefined
  let clusterTimecode = 0
  let at = 0
  while (at < bytes.length) {
    const element = elementAt(bytes, at)
    at = element.end
    if (element.id === SEGMENT) at = element.content
    if (element.id === CLUSTER) {
      header ??= bytes.subarray(0, element.start)
      at = element.content
    }
    if (element.id === TIMECODE) clusterTimecode = bytes.readUIntBE(element.content, element.end - element.content)
    if (element.id === SIMPLE_BLOCK) {
      const keyframe = (bytes.readUInt8(element.content + 3) & 0x80) !== 0
      blocks.push(blockAt(bytes, element.start, element.content, clusterTimecode, keyframe))
    }
    if (element.id === BLOCK_GROUP) {
      const children = childrenOf(bytes, element)
      const block = children.find((child) => child.id === BLOCK)
      const keyframe = children.every((child) => child.id !== REFERENCE)
      if (block !== undefined) blocks.push(blockAt(bytes, element.start, block.content, clusterTimecode, keyframe))
    }
  }
  if (header === undefined) throw new Error('no Cluster')
  return { header, blocks }
}

/** What goes to a demuxer that is to begin at `block`: header, a Cluster of its own, and the bytes from the block on. */
export const resumeInput = (bytes: Buffer, { header }: WebmBlocks, block: WebmBlock): Uint8Array => {
  const cluster = Buffer.from('1f43b67501ffffffffffffffe7880000000000000000', 'hex')
  cluster.writeBigUInt64BE(BigInt(block.clusterTimecode), cluster.length - 8)
  return Buffer.concat([header, cluster, bytes.subarray(block.offset)])
}

const blockAt = (
  bytes: Buffer,
  offset: number,
  content: number,
  clusterTimecode: number,
  keyframe: boolean,
): WebmBlock => ({
  offset,
  clusterTimecode,
  track: bytes.readUInt8(content) & 0x7f,
  pts: clusterTimecode + bytes.readInt16BE(content + 1),
  keyframe,
})

const childrenOf = (bytes: Buffer, parent: Element): ReadonlyArray<Element> => {
  const children: Array<Element> = []
  for (let at = parent.content; at < parent.end; ) {
    const child = elementAt(bytes, at)
    children.push(child)
    at = child.end
  }
  return children
}

const elementAt = (bytes: Buffer, start: number): Element => {
  const idLength = Math.clz32(bytes.readUInt8(start)) - 23
  const sizeAt = start + idLength
  const sizeLength = Math.clz32(bytes.readUInt8(sizeAt)) - 23
  const content = sizeAt + sizeLength
  const size = bytes.subarray(sizeAt, content).reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & (0xff >> sizeLength) : byte), 0)
  return { id: bytes.readUIntBE(start, idLength), start, content, end: content + size }
}
