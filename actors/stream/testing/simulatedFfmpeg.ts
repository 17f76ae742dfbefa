import type { FfmpegEvent } from '../../ffmpeg/FfmpegChild.ts'
import { STILL_FRAMES } from '../../ffmpeg/limits.ts'
import type { FfmpegPlan, OutputPlan } from '../../ffmpeg/plan.ts'
import type { Sample } from '../../fmp4/sample.ts'
import { openSource, pushChunk, type SourceIndex, type SourceTracks } from '../../source/sourceIndex.ts'

const TICKS_PER_SECOND = 90_000
const TICKS_PER_MS = 90
const AUDIO_TICKS_PER_MS = 48
const AAC_FRAME = 1_024
const GUESSED_DURATION = 1

/**
 * What FFmpeg does with what it is fed, without FFmpeg: it reads the container with the source index, gives a frame once
 * the next one has come, and audio frames on a grid that begins with its first packet or where it was told to trim. A
 * frame's bytes say which frame of the source it is, so that the same frame of another run has the same bytes.
 */
export class SimulatedFfmpeg {
  readonly plan: FfmpegPlan
  readonly #version: string
  readonly #poison: ReadonlySet<number>
  #dead = false
  #index: SourceIndex
  #offset = 0
  #tracks: SourceTracks = {}
  #begun = false
  readonly #video: Array<{ readonly pts: number; readonly keyframe: boolean }> = []
  readonly #given = new Map<string, number>()
  #audioAt: number | undefined
  #audioEnd = 0
  /** Takes the newest frame back, of which perhaps not all bytes come. */
  #takeBack = (): void => undefined

  /** `poison`: source times (90 kHz) of pictures on which it crashes. Another `version` makes other init segments. */
  constructor(plan: FfmpegPlan, poison: ReadonlySet<number> = new Set(), version = '') {
    this.#version = version
    this.plan = plan
    this.#poison = poison
    this.#index = openSource(plan.container)
  }

  /** Takes bytes of stdin. */
  feed(bytes: Uint8Array): ReadonlyArray<FfmpegEvent> {
    if (this.#dead) return []
    const { index, items } = pushChunk(this.#index, { ingestSeq: 1, offset: this.#offset, bytes })
    this.#index = index
    this.#offset += bytes.byteLength
    for (const item of items) {
      if (item._tag === 'VideoFrame' && this.#poison.has(item.pts)) {
        this.#dead = true
        return [...this.#give(false), { _tag: 'Exited', code: null, signal: 'SIGSEGV', complete: false, stderr: 'it hurts' }]
      }
      if (item._tag === 'Header') this.#tracks = item.tracks
      if (item._tag === 'VideoFrame') this.#see(item.pts, item.randomAccess !== undefined)
      if (item._tag === 'AudioFrame') this.#hear(item.pts, item.duration)
    }
    return [{ _tag: 'Credit', bytes: bytes.byteLength }, ...this.#give(false)]
  }

  /** Stdin has ended. A frame of which bytes are missing is dropped. */
  end(): ReadonlyArray<FfmpegEvent> {
    if (this.#dead) return []
    if (this.#index.pass > 0) this.#takeBack()
    return [...this.#give(true), { _tag: 'Exited', code: 0, signal: null, complete: true, stderr: '' }]
  }

  /** Somebody ends it: it gives what it has; how long the newest picture lasts it can only guess (ticks). */
  terminate(guess: number): ReadonlyArray<FfmpegEvent> {
    if (this.#dead) return []
    if (this.#index.pass > 0) this.#takeBack()
    return [...this.#give(true, guess), { _tag: 'Exited', code: 255, signal: null, complete: false, stderr: 'Exiting normally, received signal 15.' }]
  }

  #see(pts: number, keyframe: boolean): void {
    this.#video.push({ pts, keyframe })
    this.#takeBack = () => void this.#video.pop()
  }

  #hear(pts: number, duration: number): void {
    const [before, end] = [this.#audioAt, this.#audioEnd]
    this.#takeBack = () => {
      if (before !== undefined) this.#audioEnd = end
    }
    const trim = this.plan.outputs.find((output) => output._tag === 'EncodeAudio')?.trimStart ?? 0
    const at = Math.round((pts * AUDIO_TICKS_PER_MS) / TICKS_PER_MS)
    this.#audioAt ??= Math.max(at, trim)
    this.#audioEnd = at + Math.round((duration * AUDIO_TICKS_PER_MS) / TICKS_PER_MS)
  }

  #give(last: boolean, guess = GUESSED_DURATION): ReadonlyArray<FfmpegEvent> {
    const samples = this.plan.outputs.map((output) => [output, this.#samples(output, last, guess)] as const)
    const inits = this.#begun || samples.every(([, { length }]) => length === 0) ? [] : this.plan.outputs.map((output) => this.#init(output))
    if (inits.length > 0) this.#begun = true
    const given = samples.filter(([, { length }]) => length > 0).map(([{ rendition }, list]): FfmpegEvent => ({ _tag: 'Samples', rendition, samples: list }))
    return [...inits, ...given, ...(given.length > 0 ? [{ _tag: 'Quiet' } as const] : [])]
  }

  #samples(output: OutputPlan, last: boolean, guess: number): ReadonlyArray<Sample> {
    if (output._tag === 'EncodeAudio') return this.#audio()
    return output._tag === 'StillVideo' || output._tag === 'Silence' ? this.#still(output) : this.#pictures(output, last, guess)
  }

  /** The frames that fill a gap, one now and then, as soon as there is something to make them of. */
  #still(output: OutputPlan & { readonly _tag: 'StillVideo' | 'Silence' }): ReadonlyArray<Sample> {
    const begun = output._tag === 'Silence' || this.#video.length > (output.picture ?? -1)
    const at = this.#given.get(output.rendition) ?? 0
    if (!begun || at === STILL_FRAMES) return []
    this.#given.set(output.rendition, at + 1)
    return [{ dts: at, cts: 0, duration: 1, keyframe: at === 0, data: new TextEncoder().encode(`${output.rendition} stands still`) }]
  }

  #pictures(output: OutputPlan, last: boolean, guess: number): ReadonlyArray<Sample> {
    const from = this.#given.get(output.rendition) ?? 0
    const until = this.#video.length - (last ? 0 : 1)
    if (until <= from) return []
    this.#given.set(output.rendition, until)
    const trim = output._tag === 'EncodeVideo' ? output.trimStart ?? 0 : 0
    const ticks = (pts: number): number => Math.round((pts * (this.#tracks.video?.ticksPerSecond ?? 1_000)) / TICKS_PER_SECOND)
    const encodedBefore = (i: number): boolean => this.#video.slice(0, i).some(({ pts }) => ticks(pts) >= trim)
    return this.#video.slice(from, until).flatMap(({ pts, keyframe }, i) => {
      if (ticks(pts) < trim) return []
      const next = this.#video[from + i + 1]?.pts ?? pts + guess
      const dts = pts + this.plan.timelineOffset_ms * TICKS_PER_MS
      return [{ dts, cts: 0, duration: next - pts, keyframe: keyframe || (output._tag === 'EncodeVideo' && !encodedBefore(from + i)), data: nameOf(output.rendition, pts) }]
    })
  }

  #audio(): ReadonlyArray<Sample> {
    const frames: Array<Sample> = []
    while (this.#audioAt !== undefined && this.#audioAt + AAC_FRAME <= this.#audioEnd) {
      const dts = this.#audioAt + this.plan.timelineOffset_ms * AUDIO_TICKS_PER_MS
      frames.push({ dts, cts: 0, duration: AAC_FRAME, keyframe: true, data: nameOf('audio', this.#audioAt) })
      this.#audioAt += AAC_FRAME
    }
    return frames
  }

  #init(output: OutputPlan): FfmpegEvent {
    const { rendition } = output
    const isSound = output._tag === 'EncodeAudio' || output._tag === 'Silence'
    const { width, height } = output._tag === 'EncodeVideo' || output._tag === 'StillVideo' ? output : { width: this.#tracks.video?.width ?? 0, height: this.#tracks.video?.height ?? 0 }
    const bytes = new TextEncoder().encode(`init of ${rendition} ${this.#version}${isSound ? '' : `${width}x${height}`}`)
    return isSound
      ? { _tag: 'Init', rendition, bytes, info: { kind: 'audio', timescale: 48_000, codec: 'mp4a.40.2', channels: 2, sampleRate: 48_000 } }
      : { _tag: 'Init', rendition, bytes, info: { kind: 'video', timescale: 90_000, codec: 'avc1.64001f', width, height } }
  }
}

/** What a frame's bytes are. */
const nameOf = (rendition: string, time: number): Uint8Array => new TextEncoder().encode(`${rendition}@${time} `.repeat(4))
