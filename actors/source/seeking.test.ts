import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording } from '../testing/recordings.ts'
import { findLandmark } from './landmarks.ts'
import { afterGap, isSeeking, openSource, pushChunk, resumePrefix, seekBehind, type SourceIndex } from './sourceIndex.ts'

/** The index of a recording that was read up to some byte, and its header. */
const readUpTo = (name: string, bytes: number): { readonly index: SourceIndex; readonly header: Uint8Array } => {
  const reading = readSource(containerOf({ name }), chunksOf([recording(name).bytes.subarray(0, bytes)]))
  return { index: reading.index, header: factsOf(reading, 'Header')[0]?.bytes ?? new Uint8Array() }
}

const gapAt = (name: string, bytes: number): SourceIndex => {
  const index = afterGap(readUpTo(name, bytes).index)
  if (index === undefined) throw new Error('the header has been read')
  return index
}

describe('behind a gap', () => {
  it.each(['100ms-h264.webm', '100ms-avc3.mp4', 'vp8.webm', 'canvas-av1.webm'])('what is given from the place found on is what the whole source gives from there on, however the bytes are cut: %s', (name) => {
    const { bytes } = recording(name)
    const whole = readSource(containerOf({ name }), chunksOf([bytes]))
    const size = fc.integer({ min: 40, max: 5_000 })
    fc.assert(fc.property(fc.double({ min: 0.1, max: 0.4, noNaN: true }), fc.integer({ min: 1, max: 20_000 }), size, (share, lost, piece) => {
      const gap = Math.floor(share * bytes.length)
      const rest = bytes.subarray(gap + lost)
      const pieces = Array.from({ length: Math.ceil(rest.length / piece) }, (_, i) => rest.subarray(i * piece, (i + 1) * piece))
      const reading = readSource(gapAt(name, gap), chunksOf(pieces, 2).map((chunk) => ({ ...chunk, offset: chunk.offset + gap + lost })))
      const [found] = factsOf(reading, 'Found')
      if (found === undefined) return
      expect(reading.facts[0]).toBe(found)
      const from = whole.facts.findIndex((fact) => 'randomAccess' in fact && fact.randomAccess?.position.offset === found.at.position.offset)
      expect(factsOf(reading, 'VideoFrame').map(({ pts }) => pts)).toEqual(whole.facts.slice(from).flatMap((fact) => (fact._tag === 'VideoFrame' ? [fact.pts] : [])))
      expect(reading.fed.length).toBe(bytes.length - found.at.position.offset)
      expect(found.at.position.ingestSeq).toBeLessThanOrEqual(2 + pieces.length)
    }), { numRuns: 12 })
  })

  it.each([['100ms-h264.webm', [0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81, 0x05, 0xa3, 0x00]], ['100ms-avc3.mp4', [0, 0, 0, 40, ...Buffer.from('moof'), 0, 0, 0, 16, ...Buffer.from('mfhd'), 1, 2, 3, 4]]] as const)('garbage that looks like a place to begin is passed over: %s', (name, lure) => {
    const { bytes } = recording(name)
    const gap = Math.floor(bytes.length / 3)
    const garbage = Uint8Array.from(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? lure : [i, 255, i * 7, 0x1f])).flat())
    const rest = bytes.subarray(gap + 3_000)
    const clean = readSource(gapAt(name, gap), chunksOf([rest]).map((chunk) => ({ ...chunk, offset: gap + 3_000 })))
    const lured = readSource(gapAt(name, gap), chunksOf([garbage, rest]).map((chunk) => ({ ...chunk, offset: chunk.offset + gap + 3_000 - garbage.length })))
    expect(factsOf(clean, 'VideoFrame').length).toBeGreaterThan(20)
    expect(factsOf(lured, 'VideoFrame').map(({ pts }) => pts)).toEqual(factsOf(clean, 'VideoFrame').map(({ pts }) => pts))
  })

  it('a source that begins anew there is found, with its header', () => {
    const { bytes } = recording('vp8.webm')
    const reading = readSource(gapAt('h264.webm', 50_000), chunksOf([new Uint8Array(77), bytes]).map((chunk) => ({ ...chunk, offset: chunk.offset + 60_000 })))
    expect(reading.facts.slice(0, 3).map(({ _tag }) => _tag)).toEqual(['Restarted', 'Header', 'Found'])
    expect(factsOf(reading, 'VideoFrame').length).toBe(recording('vp8.webm').frames)
  })

  it('no place is found where no header was read', () => {
    expect(afterGap(openSource('webm'))).toBeUndefined()
    expect(afterGap(readUpTo('h264.webm', 20).index)).toBeUndefined()
  })

  it('bytes are never held for long where nothing makes sense', () => {
    const index = gapAt('h264.webm', 50_000)
    const next = pushChunk(index, { ingestSeq: 2, offset: 90_000, bytes: new Uint8Array(3_000_000).fill(0x1f) }).index
    expect(isSeeking(next)).toBe(true)
    expect(next.held.length).toBeLessThan(64)
  })
})

describe('a place behind another', () => {
  it('is the first random-access point behind an offset and a time, and fed from its own first byte', () => {
    const name = '100ms-h264.webm'
    const { bytes } = recording(name)
    const whole = readSource('webm', chunksOf([bytes]))
    const points = factsOf(whole, 'VideoFrame').flatMap(({ randomAccess }) => randomAccess ?? [])
    const [, second, third] = points
    if (second === undefined || third === undefined) throw new Error('three keyframes')
    for (const change of [{ behind: { offset: second.position.offset, pts: 0 } }, { behind: { offset: 0, pts: second.pts } }]) {
      const reading = readSource(seekBehind(openSource('webm'), change), chunksOf([bytes]))
      expect(factsOf(reading, 'Found')[0]?.at.pts).toBe(third.pts)
      expect(reading.fed.length).toBe(bytes.length - third.position.offset)
    }
    expect(factsOf(readSource(seekBehind(openSource('webm'), { passed: true }), chunksOf([bytes])), 'Found')[0]?.at.pts).toBe(second.pts)
    expect(resumePrefix('webm', factsOf(whole, 'Header')[0]?.bytes ?? new Uint8Array(), third).length).toBeGreaterThan(100)
  })
})

describe('a landmark', () => {
  it('is a Cluster with its Timestamp, or an EBML header; a moof with its mfhd, or an ftyp', () => {
    const at = (container: 'webm' | 'mp4', ...bytes: ReadonlyArray<number>) => findLandmark(container, Uint8Array.from([9, 9, ...bytes]))
    expect(at('webm', 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81)).toEqual({ at: 2, certain: true })
    expect(at('webm', 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xbf, 0x84, 1, 2, 3, 4, 0xe7, 0x81)).toEqual({ at: 2, certain: true })
    expect(at('webm', 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xbf, 0x84, 1, 2)).toEqual({ at: 2, certain: false })
    expect(at('webm', 0x1f, 0x43, 0xb6)).toEqual({ at: 2, certain: false })
    expect(at('webm', 0x1f, 0x43, 0xb6, 0x75, 0xff, 0xa3, 0x81)).toEqual({ at: 9, certain: false })
    expect(at('webm', 0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x86)).toEqual({ at: 2, certain: true })
    expect(at('mp4', 0, 0, 0, 99, ...Buffer.from('moof'), 0, 0, 0, 16, ...Buffer.from('mfhd')).at).toBe(2)
    expect(at('mp4', 0, 0, 0, 99, ...Buffer.from('moofxxxxxxxxxxxx')).certain).toBe(false)
  })
})
