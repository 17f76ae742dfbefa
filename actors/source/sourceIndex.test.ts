import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recording, recordingNames } from '../testing/recordings.ts'
import { chunksOf, containerOf, factsOf, readSource, type SourceReading } from '../testing/readSource.ts'
import { openSource, pushChunk, resumePrefix, resumeSource, type RandomAccessPoint, type SourceFact } from './sourceIndex.ts'

const readRecording = (name: string): SourceReading => {
  const source = recording(name)
  return readSource(containerOf(source), chunksOf(source.chunks.map((chunk) => chunk.bytes)))
}

const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const ends = [...places].map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

/** Facts without the ingest sequence, which is the cutting's. */
const withoutSeq = (facts: ReadonlyArray<SourceFact>): string =>
  JSON.stringify(facts, (key, value: unknown) => (key === 'ingestSeq' ? undefined : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))

const pointsOf = (facts: ReadonlyArray<SourceFact>): ReadonlyArray<RandomAccessPoint> =>
  facts.flatMap((fact) => (fact._tag === 'VideoFrame' ? (fact.randomAccess ?? []) : fact._tag === 'AudioFrame' ? (fact.point ?? []) : []))

describe('reading what browsers record', () => {
  it.each(recordingNames)('counts every frame and packet of %s', (name) => {
    const source = recording(name)
    const reading = readRecording(name)
    expect(factsOf(reading, 'Invalid')).toEqual([])
    expect(factsOf(reading, 'Jump')).toEqual([])
    expect(factsOf(reading, 'Restarted')).toEqual([])
    expect(factsOf(reading, 'Header')).toHaveLength(1)
    expect(factsOf(reading, 'VideoFrame')).toHaveLength(source.frames)
    if (source.audioPackets !== undefined) expect(factsOf(reading, 'AudioFrame')).toHaveLength(source.audioPackets)
    expect(factsOf(reading, 'ParametersChanged')).toHaveLength(name.startsWith('resize') ? 2 : name.startsWith('canvas') ? 1 : 0)
  })

  it.each(recordingNames)('feeds every byte of %s but audio timestamps as it came', (name) => {
    const source = recording(name)
    const { fed } = readRecording(name)
    expect(fed.length).toBe(source.bytes.length)
    const changed = source.bytes.reduce((count, byte, i) => count + (byte === fed[i] ? 0 : 1), 0)
    expect(changed).toBeLessThanOrEqual(name.endsWith('.mp4') ? 0 : 2 * (source.audioPackets ?? 200))
  })

  it.each(recordingNames)('knows for each point of %s which chunk holds it', (name) => {
    const chunks = chunksOf(recording(name).chunks.map((chunk) => chunk.bytes))
    const points = pointsOf(readRecording(name).facts)
    expect(points.length).toBeGreaterThan(0)
    for (const { position } of points) {
      const holder = chunks.find((chunk) => position.offset >= chunk.offset && position.offset < chunk.offset + chunk.bytes.length)
      expect(position.ingestSeq).toBe(holder?.ingestSeq)
    }
  })

  it('does not hold a frame back for the next chunk', () => {
    for (const name of recordingNames) {
      const source = recording(name)
      let index = openSource(containerOf(source))
      for (const chunk of chunksOf(source.chunks.map((piece) => piece.bytes))) {
        const pushed = pushChunk(index, chunk)
        index = pushed.index
        expect(index.held.length).toBeLessThan(64)
      }
    }
  })

  it('leaves an index that was pushed to as it was', () => {
    const source = recording('h264.webm')
    const [first, second] = chunksOf(cut(source.bytes, [20_001]))
    if (first === undefined || second === undefined) throw new Error('two chunks were cut')
    const { index } = pushChunk(openSource('webm'), first)
    const once = pushChunk(index, second)
    const twice = pushChunk(index, second)
    expect(withoutSeq(factsOf({ facts: twice.items.filter((item) => item._tag !== 'Feed') }, 'VideoFrame'))).toBe(
      withoutSeq(factsOf({ facts: once.items.filter((item) => item._tag !== 'Feed') }, 'VideoFrame')),
    )
    expect(twice.index).toEqual(once.index)
  })
})

describe('cutting', () => {
  const short = (name: string): Uint8Array => recording(name).bytes.subarray(0, 120_000)

  it.each(['h264.webm', 'stall-vp8.webm', 'vp9.webm', 'canvas-vp8.webm', 'canvas-av1.webm', 'resize-avc3.mp4', 'videoonly-avc1.mp4', 'audioonly.webm', 'audioonly.mp4'])(
    'gives the same facts and the same bytes of %s however it is cut',
    (name) => {
      const bytes = short(name)
      const container = containerOf({ name })
      const whole = readSource(container, chunksOf([bytes]))
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 60 }), (places) => {
          const reading = readSource(container, chunksOf(cut(bytes, places)))
          expect(withoutSeq(reading.facts)).toBe(withoutSeq(whole.facts))
          expect(Buffer.compare(reading.fed, whole.fed.subarray(0, reading.fed.length))).toBe(0)
          expect(reading.fed.length).toBe(whole.fed.length)
        }),
        { numRuns: 40 },
      )
    },
  )

  it.each(['stall-vp8.webm', '100ms-avc3.mp4'])('reads %s byte by byte', (name) => {
    const bytes = short(name).subarray(0, 40_000)
    const whole = readSource(containerOf({ name }), chunksOf([bytes]))
    const reading = readSource(containerOf({ name }), chunksOf(Array.from(bytes, (byte) => Uint8Array.of(byte))))
    expect(withoutSeq(reading.facts)).toBe(withoutSeq(whole.facts))
    expect(reading.fed).toEqual(whole.fed)
    for (const { position } of pointsOf(reading.facts)) expect(position.ingestSeq).toBe(position.offset + 1)
  })
})

describe('the audio clock', () => {
  it.each(recordingNames.filter((name) => name.endsWith('.webm') && !/^(videoonly|canvas)/.test(name)))('puts the packets of %s on the running sample count', (name) => {
    const audio = factsOf(readRecording(name), 'AudioFrame')
    audio.forEach((fact, i) => {
      const previous = audio[i - 1]
      if (previous === undefined) return
      const gap = fact.pts - previous.pts - previous.duration
      if (gap !== 0) expect(Math.abs(gap)).toBeGreaterThan(0.04 * 90_000)
    })
    const resyncs = audio.filter((fact, i) => i > 0 && fact.pts !== (audio[i - 1]?.pts ?? 0) + (audio[i - 1]?.duration ?? 0))
    expect(resyncs.length).toBeLessThanOrEqual(2)
  })

  it('writes the counted times into the bytes', () => {
    const first = readRecording('stall-vp8.webm')
    const again = readSource('webm', chunksOf([first.fed]))
    expect(again.fed).toEqual(first.fed)
    expect(factsOf(again, 'AudioFrame').map((fact) => fact.pts)).toEqual(factsOf(first, 'AudioFrame').map((fact) => fact.pts))
  })
})

describe('resuming', () => {
  it.each(recordingNames)('goes on in %s with the same facts and bytes from any point', (name) => {
    const source = recording(name)
    const container = containerOf(source)
    const chunks = chunksOf(source.chunks.map((chunk) => chunk.bytes))
    const whole = readRecording(name)
    const header = factsOf(whole, 'Header')[0]
    if (header === undefined) throw new Error('a recording has a header')
    const hasVideo = header.tracks.video !== undefined
    const all = pointsOf(whole.facts.filter((fact) => fact._tag === (hasVideo ? 'VideoFrame' : 'AudioFrame')))
    for (const point of all.filter((_, i) => i % Math.ceil(all.length / 12) === 0)) {
      const resumed = resumeSource(container, header.bytes, point)
      const reading = readSource(resumed.index, chunks.filter((chunk) => chunk.ingestSeq >= point.position.ingestSeq))
      const from = whole.facts.findIndex((fact, i) => whole.fedBefore[i] === point.position.offset && fact._tag !== 'ParametersChanged')
      const rest = whole.facts.slice(from)
      expect(reading.facts).toEqual(rest)
      expect(Buffer.compare(reading.fed, whole.fed.subarray(point.position.offset))).toBe(0)
    }
  })

  it('skips chunks before the point and bytes seen twice', () => {
    const source = recording('h264.webm')
    const chunks = chunksOf(source.chunks.map((chunk) => chunk.bytes))
    const whole = readRecording('h264.webm')
    const point = pointsOf(whole.facts).find(({ position }) => position.ingestSeq === 9)
    const header = factsOf(whole, 'Header')[0]
    if (point === undefined || header === undefined) throw new Error('the ninth chunk holds a point')
    const { index, prefix } = resumeSource('webm', header.bytes, point)
    const reading = readSource(index, chunks.flatMap((chunk) => [chunk, chunk]))
    expect(Buffer.compare(reading.fed, whole.fed.subarray(point.position.offset))).toBe(0)
    expect(prefix).toEqual(resumePrefix('webm', header.bytes, point))
  })

  it('says so when the stored header cannot be read', () => {
    const point = { position: { ingestSeq: 1, offset: 0, clusterTimecode: 0 }, pts: 0, audioClock: { running: false, origin: 0, samples: 0 } }
    const reading = readSource(resumeSource('webm', new Uint8Array([1, 2, 3]), point).index, chunksOf([new Uint8Array(10)]))
    expect(factsOf(reading, 'Invalid')).toHaveLength(1)
    expect(reading.fed).toHaveLength(0)
  })
})

describe('what FFmpeg does not notice', () => {
  it.each([['h264.webm', 'vp8.webm'], ['100ms-avc3.mp4', 'videoonly-avc1.mp4']])('tells that %s begins again as %s, and where', (before, after) => {
    const first = recording(before)
    const second = recording(after)
    const reading = readSource(containerOf(first), chunksOf([first.bytes, second.bytes]))
    expect(factsOf(reading, 'Restarted')).toEqual([{ _tag: 'Restarted', at: { ingestSeq: 2, offset: first.bytes.length } }])
    expect(factsOf(reading, 'Header')).toHaveLength(2)
    expect(factsOf(reading, 'VideoFrame')).toHaveLength(first.frames + second.frames)
    const restart = reading.facts.findIndex((fact) => fact._tag === 'Restarted')
    expect(reading.fedBefore[restart]).toBe(first.bytes.length)
    expect(reading.facts[restart + 1]?._tag).toBe('Header')
  })

  it.each(['resize-h264.webm', 'resize-vp8.webm', 'resize-avc3.mp4', 'canvas-vp8.webm', 'canvas-av1.webm'])('tells of the changed parameters in %s right before their first byte', (name) => {
    const reading = readRecording(name)
    reading.facts.forEach((fact, i) => {
      if (fact._tag !== 'ParametersChanged') return
      expect(reading.fedBefore[i]).toBe(fact.at.position.offset)
      expect(reading.facts[i + 1]).toEqual({ _tag: 'VideoFrame', pts: fact.at.pts, randomAccess: fact.at })
    })
  })

  it('tells of a time that goes back or leaps, once', () => {
    const source = recording('videoonly-h264.webm')
    const whole = readSource('webm', chunksOf([source.bytes]))
    const header = factsOf(whole, 'Header')[0]
    if (header === undefined) throw new Error('a recording has a header')
    const body = source.bytes.subarray(header.bytes.length)
    const back = readSource('webm', chunksOf([source.bytes, body]))
    expect(factsOf(back, 'Jump')).toEqual([{ _tag: 'Jump', track: 'video', pts: factsOf(whole, 'VideoFrame')[0]?.pts, previous: factsOf(whole, 'VideoFrame').at(-1)?.pts }])
    const later = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe7, 0x83, 0x01, 0, 0)
    const leap = readSource('webm', chunksOf([source.bytes, later, body.subarray(15)]))
    expect(factsOf(leap, 'Jump').map((jump) => Math.sign(jump.pts - jump.previous))[0]).toBe(1)
  })

  it('tells how many bytes are missing between two chunks', () => {
    const source = recording('h264.webm')
    const [first, , third] = chunksOf(source.chunks.map((chunk) => chunk.bytes))
    if (first === undefined || third === undefined) throw new Error('the recording has three chunks')
    const reading = readSource('webm', [first, third])
    expect(factsOf(reading, 'Invalid')[0]?.reason).toBe(`${third.offset - first.bytes.length} bytes are missing before this chunk`)
  })
})

describe('bad input', () => {
  const reasonFor = (container: 'webm' | 'mp4', bytes: Uint8Array): string | undefined => factsOf(readSource(container, chunksOf([bytes])), 'Invalid')[0]?.reason

  it('says what the stream is when it is not what was announced', () => {
    expect(reasonFor('webm', recording('100ms-avc3.mp4').bytes)).toMatch(/this is MP4, but the stream was announced as WebM/)
    expect(reasonFor('mp4', recording('h264.webm').bytes)).toMatch(/this is WebM, but the stream was announced as MP4/)
    expect(reasonFor('webm', new Uint8Array(100))).toMatch(/not WebM/)
    expect(reasonFor('mp4', new Uint8Array(100))).toMatch(/not MP4/)
    expect(reasonFor('webm', recording('h264.webm').bytes.subarray(1_000))).toMatch(/not WebM/)
  })

  it('feeds nothing from garbage on, and says so once', () => {
    for (const name of ['h264.webm', '100ms-avc3.mp4']) {
      const { bytes } = recording(name)
      const garbage = new Uint8Array(5_000).fill(0x33)
      const reading = readSource(containerOf({ name }), chunksOf([bytes, garbage, bytes, bytes]))
      expect(factsOf(reading, 'Invalid')).toMatchObject([{ ingestSeq: 2, offset: bytes.length }])
      expect(reading.fed.length).toBe(bytes.length)
    }
  })

  it('refuses sizes that no frame has', () => {
    const { bytes } = recording('h264.webm')
    const block = Uint8Array.of(0xa3, 0x01, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x81, 0, 0, 0x80)
    expect(factsOf(readSource('webm', chunksOf([bytes, block])), 'Invalid')[0]?.reason).toMatch(/a block of 68719476736 bytes is larger than/)
    const moof = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0x6d, 0x6f, 0x6f, 0x66)
    const mp4 = recording('100ms-avc3.mp4').bytes
    expect(factsOf(readSource('mp4', chunksOf([mp4, moof])), 'Invalid')[0]?.reason).toMatch(/a moof of 2147483647 bytes is larger than/)
  })

  it.each(['h264.webm', 'vp9.webm', 'canvas-av1.webm', 'resize-avc3.mp4', 'audioonly.mp4'])('never throws on damaged bytes of %s, and reads them the same however they are cut', (name) => {
    const original = recording(name).bytes.subarray(0, 20_000)
    const container = containerOf({ name })
    const damage = fc.array(fc.tuple(fc.oneof(fc.nat(1_500), fc.nat(original.length - 1)), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(damage, fc.array(fc.nat(original.length), { maxLength: 20 }), (changes, places) => {
        const bytes = original.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        const whole = readSource(container, chunksOf([bytes]))
        const pieces = readSource(container, chunksOf(cut(bytes, places)))
        expect(withoutSeq(pieces.facts)).toBe(withoutSeq(whole.facts))
        expect(Buffer.compare(pieces.fed, whole.fed)).toBe(0)
      }),
      { numRuns: 400 },
    )
  })

  it('never throws on bytes of any kind behind a header', () => {
    for (const name of ['h264.webm', '100ms-avc3.mp4']) {
      const header = factsOf(readRecording(name), 'Header')[0]
      if (header === undefined) throw new Error('a recording has a header')
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, inCluster) => {
          const cluster = inCluster ? Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x81, 0) : new Uint8Array()
          readSource(containerOf({ name }), chunksOf([header.bytes, cluster, bytes]))
        }),
        { numRuns: 500 },
      )
    }
  })
})
