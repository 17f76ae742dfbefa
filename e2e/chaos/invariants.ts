/** What must hold of every stream whatever struck, each invariant a column of the table. */
import type { Recording } from '../../actors/testing/recordings.ts'
import { audioFacts, decodeCapture, fragmentStarts, timingFaults } from '../kit/comparison.ts'
import { type DecodedFrame, decodeAudio, decodeFrames } from '../kit/decode.ts'
import { countFrames } from '../kit/frameCount.ts'
import type { Capture } from '../kit/hlsReader.ts'
import type { Watched } from '../kit/watching.ts'
import type { ChaosStream, Epoch } from './ChaosStream.ts'
import type { Expectations } from './Fault.ts'
import { resendingFaults } from './resending.ts'

/** The columns; each with what it says. */
export const invariants = {
  struck: 'the fault struck, and all that it names happened in its time',
  live: 'of what viewers got, every acknowledged frame decodes once, in order and at its time, in every rendition of the picture, with segments at the same times',
  archive: 'the same of the recording',
  audio: 'in both, the sound has its length and no gap',
  playlists: 'every playlist obeys RFC 8216bis and continues the one before; decode times and sequence numbers never go back',
  viewers: 'no viewer gave up, and each read its stream to the end',
  clean: 'no process, socket, file, lease or consumer is left, and nodes that were not killed ended with 0',
  resent: 'publishers sent again only what was not acknowledged'
} as const

/** Name of an invariant. */
export type Invariant = keyof typeof invariants

/** Broken invariants with what broke them, in sentences. */
export type Broken = Map<Invariant, Array<string>>

/** Notes something broken. */
export const note = (broken: Broken, invariant: Invariant, ...sentences: ReadonlyArray<string>): void => {
  if (sentences.length > 0) broken.set(invariant, [...(broken.get(invariant) ?? []), ...sentences])
}

/** What one epoch must have become: at least what was acknowledged, at most what was sent. */
interface ExpectedEpoch {
  readonly frames: ReadonlyArray<DecodedFrame>
  readonly framesMin: number
  readonly audioMin_s: number
  readonly audioMax_s: number
}

const prefix = ({ chunks }: Recording, count: number): ReadonlyArray<Uint8Array> => chunks.slice(0, count).map(({ bytes }) => bytes)

const audio_s = async (bytes: ReadonlyArray<Uint8Array>): Promise<number> => (await decodeAudio(bytes)).length / 48_000

const expectedOf = async ({ recording, publisher }: Epoch): Promise<ExpectedEpoch> => {
  const sent = prefix(recording, publisher.sent())
  const acknowledged = prefix(recording, publisher.acknowledged())
  const { frames } = await decodeFrames(sent)
  const audioMax_s = await audio_s(sent)
  if (acknowledged.length === sent.length) return { frames, framesMin: frames.length, audioMin_s: audioMax_s, audioMax_s }
  return { frames, framesMin: (await decodeFrames(acknowledged)).frames.length, audioMin_s: await audio_s(acknowledged), audioMax_s }
}

/** Frames of each epoch: the camera counts anew with each. */
const byEpoch = (frames: ReadonlyArray<DecodedFrame>): ReadonlyArray<ReadonlyArray<DecodedFrame>> => {
  const epochs: Array<Array<DecodedFrame>> = []
  for (const frame of frames) {
    if (frame.label?.frame === 0 || epochs.length === 0) epochs.push([])
    epochs.at(-1)?.push(frame)
  }
  return epochs
}

const picturesOf = (captures: ReadonlyMap<string, Capture>): ReadonlyArray<readonly [string, Capture]> => [...captures].filter(([rendition]) => rendition !== 'audio')

/** Decode time at which each segment begins, in the picture's ticks, by sequence number. */
const segmentStarts = (capture: Capture): ReadonlyMap<number, number> => {
  const starts = new Map<number, number>()
  for (const media of capture.media) {
    const [first] = fragmentStarts({ ...capture, media: [media] })
    if (!starts.has(media.msn) && first !== undefined) starts.set(media.msn, first)
  }
  return starts
}

/** Renditions of the picture whose segments are not those of the first, in sentences. */
const boundaryFaults = ([first, ...others]: ReadonlyArray<readonly [string, Capture]>): ReadonlyArray<string> => {
  if (first === undefined) return []
  const wanted = JSON.stringify([...segmentStarts(first[1])])
  return others.filter(([, capture]) => JSON.stringify([...segmentStarts(capture)]) !== wanted).map(([rendition]) => `segments of ${rendition} begin at other times than those of ${first[0]}`)
}

const videoFaults = async (capture: Capture, expected: ReadonlyArray<ExpectedEpoch>): Promise<ReadonlyArray<string>> => {
  const { frames, complaints } = await decodeCapture(capture)
  const faults = [...complaints]
  const came = byEpoch(frames)
  if (came.length !== expected.length) faults.push(`${came.length} epochs of ${expected.length}`)
  expected.forEach(({ frames: source, framesMin }, index) => {
    const run = came[index] ?? []
    if (run.length < framesMin) faults.push(`${run.length} frames of ${framesMin} acknowledged`)
    faults.push(...timingFaults(run, source.slice(0, run.length)).slice(0, 3))
    if (source[0]?.label === undefined) return
    const { missing, repeated, outOfOrder, unreadable } = countFrames(run.map(({ label }) => label?.frame), [0, run.length - 1])
    if (missing.length + repeated + outOfOrder + unreadable > 0) faults.push(`missing ${JSON.stringify(missing)}, repeated ${repeated}, out of order ${outOfOrder}, unreadable ${unreadable}`)
  })
  const back = frames.findIndex(({ pts_s }, index) => pts_s <= (frames[index - 1]?.pts_s ?? -1))
  return back < 0 ? faults : [...faults, `the time goes back at frame ${back}`]
}

/** Encoder delay and the padding of last frames, for each epoch. */
const audioSlack_s = 0.1

const audioFaults = async (capture: Capture | undefined, expected: ReadonlyArray<ExpectedEpoch>): Promise<ReadonlyArray<string>> => {
  if (capture === undefined) return ['there is no sound']
  const { decoded_s, worstGap_s } = await audioFacts(capture)
  const sum = (figure: (epoch: ExpectedEpoch) => number): number => expected.reduce((total, epoch) => total + figure(epoch), 0)
  const slack_s = audioSlack_s * expected.length
  const [min_s, max_s] = [sum(({ audioMin_s }) => audioMin_s) - slack_s, sum(({ audioMax_s }) => audioMax_s) + slack_s]
  const faults = worstGap_s < 0.001 ? [] : [`sound is ${worstGap_s} s off where frames meet`]
  return decoded_s >= min_s && decoded_s <= max_s ? faults : [...faults, `${decoded_s} s of sound instead of ${min_s} to ${max_s} s`]
}

const playlistFaults = ({ rendition, broken, media }: Watched, capture: Capture, discontinuities: number): ReadonlyArray<string> => {
  const faults = [...broken]
  const starts = fragmentStarts(capture)
  const back = starts.findIndex((start, index) => start <= (starts[index - 1] ?? -1))
  if (back >= 0) faults.push(`decode time ${starts[back]} comes after ${starts[back - 1]}`)
  const places = media.map(({ msn, part }) => msn * 10_000 + (part ?? 9_999))
  if (places.some((place, index) => place <= (places[index - 1] ?? -1))) faults.push('sequence numbers went back')
  const seen = media.at(-1)?.discontinuitySequence ?? 0
  if (seen !== discontinuities) faults.push(`${seen} discontinuities instead of ${discontinuities}`)
  return faults.map((fault) => `${rendition}: ${fault}`)
}

/** Holds all that came of a stream, live and archived, against what its publisher sent. */
export const judgeStream = async (
  stream: ChaosStream,
  archived: ReadonlyMap<string, Capture>,
  { discontinuities, picturesWanted }: Expectations & { readonly picturesWanted: number },
  broken: Broken,
): Promise<void> => {
  const live = await stream.watching
  const say = (invariant: Invariant, faults: ReadonlyArray<string>): void => note(broken, invariant, ...faults.map((fault) => `${stream.id}: ${fault}`))
  const expected = await Promise.all(stream.epochs.map(expectedOf))
  for (const [column, captures] of [['live', live], ['archive', archived]] as const) {
    const pictures = picturesOf(captures)
    if (pictures.length !== picturesWanted) say(column, [`${pictures.length} renditions of the picture instead of ${picturesWanted}`])
    for (const [rendition, capture] of pictures) say(column, (await videoFaults(capture, expected)).map((fault) => `${rendition}: ${fault}`))
    say(column, boundaryFaults(pictures))
  }
  for (const captures of [live, archived]) say('audio', await audioFaults(captures.get('audio'), expected))
  for (const watched of live.values()) {
    say('playlists', playlistFaults(watched, watched, discontinuities ?? stream.epochs.length - 1))
    say('viewers', watched.ended ? watched.complaints : [...watched.complaints, `${watched.rendition} did not end`])
  }
  for (const capture of archived.values()) say('archive', capture.complaints)
  for (const { publisher } of stream.epochs) say('resent', resendingFaults(publisher.messages, publisher.sent()))
}

/** The longest that a viewer of this stream waited from one part of the picture to the next, ms. */
export const longestWait_ms = (live: ReadonlyMap<string, Watched>): number => {
  const times = live.get('source')?.media.map(({ at_ms }) => at_ms) ?? []
  return Math.max(0, ...times.slice(1).map((at_ms, index) => at_ms - (times[index] ?? at_ms)))
}
