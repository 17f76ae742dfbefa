import { Result } from 'effect'
import { BoxSplitter } from '../fmp4/boxes.ts'
import type { Box } from '../fmp4/boxes.ts'
import { readFragment } from '../fmp4/readFragment.ts'
import { readInit } from '../fmp4/readInit.ts'
import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'

/** `ftyp` + `moov` of one rendition. */
export interface InitSegment {
  readonly bytes: Uint8Array
  readonly info: InitInfo
}

/**
 * What one push brought. The init segment comes with the first samples: an FFmpeg that is ended before them writes one
 * that lacks what it would have learnt from them. `error` says why nothing more will be read.
 */
export interface RenditionOutput {
  readonly init: InitSegment | undefined
  readonly samples: ReadonlyArray<Sample>
  readonly error: string | undefined
}

/** Reads FFmpeg's byte stream of one rendition: an init segment, then `moof` + `mdat` pairs. Throws nothing. */
export class RenditionReader {
  readonly #splitter = new BoxSplitter()
  #ftyp: Box | undefined
  #moof: Box | undefined
  #initSeen = false
  #init: InitSegment | undefined
  #error: string | undefined

  /** True when the stream holds an init segment and ends on the border of a whole fragment. */
  get isWhole(): boolean {
    return this.#initSeen && this.#moof === undefined && this.#error === undefined && this.#splitter.atBorder
  }

  /** Takes the next bytes, which the caller must not change afterwards: samples are views on them. */
  push(bytes: Uint8Array): RenditionOutput {
    const samples: Array<Sample> = []
    if (this.#error === undefined) {
      const split = this.#splitter.push(bytes)
      for (const box of split.boxes) {
        this.#init = this.#take(box, samples) ?? this.#init
        if (this.#error !== undefined) break
      }
      this.#error ??= split.error?.message
    }
    const init = samples.length > 0 ? this.#init : undefined
    if (init !== undefined) this.#init = undefined
    return { init, samples, error: this.#error }
  }

  #take(box: Box, samples: Array<Sample>): InitSegment | undefined {
    switch (box.type) {
      case 'ftyp':
        this.#ftyp = box
        return undefined
      case 'moov':
        return this.#takeMoov(box)
      case 'moof':
        this.#moof = box
        return undefined
      case 'mdat':
        this.#takeMdat(box, samples)
        return undefined
      default:
        return undefined
    }
  }

  #takeMoov(moov: Box): InitSegment | undefined {
    if (this.#ftyp === undefined || this.#initSeen) return this.#refuse('moov does not follow the one ftyp')
    const bytes = new Uint8Array(this.#ftyp.bytes.length + moov.bytes.length)
    bytes.set(this.#ftyp.bytes)
    bytes.set(moov.bytes, this.#ftyp.bytes.length)
    const info = readInit(bytes)
    if (Result.isFailure(info)) return this.#refuse(info.failure.message)
    this.#initSeen = true
    return { bytes, info: info.success }
  }

  #takeMdat(mdat: Box, samples: Array<Sample>): void {
    if (this.#moof === undefined || !this.#initSeen) {
      this.#refuse('mdat without init segment or moof')
      return
    }
    const read = readFragment(this.#moof, mdat)
    this.#moof = undefined
    if (Result.isFailure(read)) this.#refuse(read.failure.message)
    else for (const sample of read.success) samples.push(sample)
  }

  #refuse(message: string): undefined {
    this.#error = message
    return undefined
  }
}
