import { create, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { writeFragment } from '../../actors/fmp4/writeFragment.ts'
import type { Sample } from '../../actors/fmp4/sample.ts'
import { CheckpointSchema, RenditionCheckpointSchema, SegmentStartSchema, TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { FragmentSchema, FragmentsSchema, InitSchema, MediaEndSchema, MediaRecordSchema, TakeOverSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { Fragment, MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { AppendError, Appender } from '../../runtime/Log.ts'
import type { EncodedTrack } from './realMedia.ts'

const STEP_S = 0.1
const SEGMENT_S = 2
const PART_S = 0.25
const PART_TARGET_US = 262_500

interface Writing {
  readonly track: EncodedTrack
  readonly timescale: number
  msn: number
  part: number
  partStart: number
  segmentStart: number
  taken: number
  fragment: number
}

/** Writes encoded tracks into a stream's MEDIA log a tenth of a second at a time, as the owner of the stream would. */
export class MediaWriter {
  /** First and last sequence written. */
  readonly seqs: Array<number> = []
  readonly windowSegments: number
  readonly #appender: Appender
  readonly #tracks: ReadonlyArray<Writing>
  readonly #openedAt = new Map<number, number>()
  /** Where segments begin, 90 kHz ticks. */
  readonly #starts = new Map<number, number>()
  #opened = -1
  #time_s = 0

  constructor(appender: Appender, tracks: ReadonlyArray<EncodedTrack>, windowSegments: number) {
    this.#appender = appender
    this.windowSegments = windowSegments
    this.#tracks = tracks.map((track) => ({ track, timescale: track.info.timescale, msn: 0, part: 0, partStart: 0, segmentStart: 0, taken: 0, fragment: 1 }))
  }

  get newestMsn(): number {
    return this.#opened
  }

  takeOver(): Effect.Effect<void, AppendError> {
    return this.#append({ case: 'takeOver', value: create(TakeOverSchema) })
  }

  /** The next tenth of a second of every track. */
  step(): Effect.Effect<void, AppendError> {
    return Effect.suspend(() => {
      this.#time_s += STEP_S
      const before = this.#opened
      const fragments = this.#tracks.flatMap((one) => this.#take(one))
      if (fragments.length === 0) return Effect.void
      const opens = this.#opened > before
      const inits = opens ? this.#tracks.map(({ track }) => create(InitSchema, { rendition: track.name, number: 0, kind: kindOf(track), codec: track.info.codec, timescale: track.info.timescale, data: track.init })) : []
      return this.#append({ case: 'fragments', value: create(FragmentsSchema, { inits, fragments }) }, opens ? this.#opened : undefined)
    })
  }

  /** Seconds of media, as fast as the log takes them. */
  write(duration_s: number): Effect.Effect<void, AppendError> {
    return Effect.repeat(this.step(), { times: Math.round(duration_s / STEP_S) - 1 }).pipe(Effect.asVoid)
  }

  end(): Effect.Effect<void, AppendError> {
    return this.#append({ case: 'end', value: create(MediaEndSchema, { durationMs: BigInt(Math.round(this.#time_s * 1000)) }) })
  }

  /** Samples written of a track. */
  written(name: EncodedTrack['name']): number {
    return this.#tracks.find(({ track }) => track.name === name)?.taken ?? 0
  }

  #append(body: MediaRecord['body'], opens?: number): Effect.Effect<void, AppendError> {
    const record = create(MediaRecordSchema, { stamp: {}, checkpoint: this.#checkpoint(opens), body })
    return this.#appender.append(toBinary(MediaRecordSchema, record)).pipe(
      Effect.map((seq) => {
        this.seqs.push(seq)
        if (opens !== undefined) this.#openedAt.set(opens, seq)
      })
    )
  }

  #checkpoint(opens: number | undefined): Checkpoint {
    const windowStartMsn = Math.max(0, this.#opened - this.windowSegments + 1)
    return create(CheckpointSchema, {
      partTargetUs: PART_TARGET_US,
      anchorWallMs: 1_700_000_000_000n,
      windowStartMsn,
      openedMsn: this.#opened,
      segments: [...this.#starts].filter(([msn]) => msn >= windowStartMsn).map(([msn, start]) => create(SegmentStartSchema, { start: BigInt(start), firstSeq: BigInt(this.#openedAt.get(msn) ?? 0) })),
      windowStartSeq: BigInt(opens === windowStartMsn ? 0 : (this.#openedAt.get(windowStartMsn) ?? 0)),
      renditions: this.#opened < 0 ? [] : this.#tracks.map((one) => create(RenditionCheckpointSchema, {
        name: one.track.name, kind: kindOf(one.track), msn: one.msn, part: one.part, timescale: one.timescale,
        segmentStart: BigInt(one.segmentStart), partStart: BigInt(one.partStart), nextDts: BigInt(one.track.samples[one.taken]?.dts ?? endOf(one.track)), frames: BigInt(one.taken), codec: one.track.info.codec,
        width: one.track.info.width ?? 0, height: one.track.info.height ?? 0, channels: one.track.info.channels ?? 0, bandwidth: 400_000, frameIntervalUs: one.track.name === 'audio' ? 0 : 50_000
      }))
    })
  }

  #take(one: Writing): ReadonlyArray<Fragment> {
    const fragments: Array<Fragment> = []
    let run: Array<Sample> = []
    const flush = (): void => {
      const first = run[0]
      if (first) fragments.push(this.#fragment(one, first, run))
      run = []
    }
    for (let sample = one.track.samples[one.taken]; sample && sample.dts < this.#time_s * one.timescale; sample = one.track.samples[one.taken]) {
      const cutsSegment = sample.dts - one.segmentStart >= SEGMENT_S * one.timescale
      if (cutsSegment || sample.dts + sample.duration - one.partStart > (PART_TARGET_US / 1_000_000) * one.timescale) {
        flush()
        if (cutsSegment) Object.assign(one, { msn: one.msn + 1, part: 0, segmentStart: sample.dts })
        else one.part += 1
        one.partStart = sample.dts
      }
      if (!this.#starts.has(one.msn)) this.#starts.set(one.msn, Math.round((sample.dts * 90_000) / one.timescale))
      if (one.taken === 0) Object.assign(one, { partStart: sample.dts, segmentStart: sample.dts })
      run.push(sample)
      one.taken += 1
    }
    flush()
    this.#opened = Math.max(this.#opened, one.msn)
    return fragments
  }

  #fragment(one: Writing, first: Sample, samples: ReadonlyArray<Sample>): Fragment {
    const data = writeFragment(one.fragment++, samples)
    const duration = samples.reduce((sum, sample) => sum + sample.duration, 0)
    return create(FragmentSchema, {
      rendition: one.track.name, msn: one.msn, part: one.part, start: BigInt(first.dts), duration: BigInt(duration), independent: first.keyframe,
      frames: samples.length, closesPart: first.dts + duration - one.partStart >= PART_S * one.timescale, crc32c: crc32c(data), data
    })
  }
}

const kindOf = ({ name }: EncodedTrack): TrackKind => (name === 'audio' ? TrackKind.AUDIO : TrackKind.VIDEO)

const endOf = ({ samples }: EncodedTrack): number => {
  const last = samples.at(-1)
  return last === undefined ? 0 : last.dts + last.duration
}
