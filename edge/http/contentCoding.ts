import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** How the bytes of an answer are packed (RFC 9110 §8.4.1); `identity`: not at all. */
export type Coding = 'br' | 'gzip' | 'identity'

/** The same content in each coding that makes it smaller; `identity` is always there. */
export type Coded = ReadonlyMap<Coding, Uint8Array>

/** Smallest first, as these codings turn out for text. */
const PREFERRED = ['br', 'gzip'] as const

/** Below this, headers outweigh what is saved. */
const WORTHWHILE_BYTES = 256

/** Brotli's last two steps save 3 % more and cost ten times as much, at each start of an edge. */
const BROTLI_QUALITY = 9

const packers = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION })
}

const isText = (type: string): boolean => /^text\/|^application\/(json|manifest\+json|xml|wasm)|\+xml/.test(type)

/** Packs text in every coding; pictures and the like are packed already and stay as they are. */
export const encodeAll = async (bytes: Uint8Array, type: string): Promise<Coded> => {
  const coded = new Map<Coding, Uint8Array>([['identity', bytes]])
  if (!isText(type) || bytes.byteLength < WORTHWHILE_BYTES) return coded
  for (const coding of PREFERRED) {
    const packed = await packers[coding](bytes)
    if (packed.byteLength < bytes.byteLength) coded.set(coding, packed)
  }
  return coded
}

/** Which of the codings at hand to answer with (RFC 9110 §12.5.3): the smallest that the client takes, whatever it likes best. */
export const chooseCoding = (acceptEncoding: string, available: Coded): Coding => {
  const weights = readWeights(acceptEncoding)
  return PREFERRED.find((coding) => available.has(coding) && (weights.get(coding) ?? weights.get('*') ?? 0) > 0) ?? 'identity'
}

const readWeights = (acceptEncoding: string): ReadonlyMap<string, number> =>
  new Map(
    acceptEncoding.split(',').map((entry) => {
      const [name = '', ...parameters] = entry.split(';').map((text) => text.trim().toLowerCase())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      return [name, weight === undefined ? 1 : Number(weight.slice(2)) || 0]
    })
  )
