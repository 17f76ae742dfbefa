import { SOURCE_AUDIO_DRIFT_MS_MAX } from '../limits.ts'

/** The running count from which audio timestamps are rewritten. */
export interface AudioClock {
  /** False before the first packet. */
  readonly running: boolean
  /** Source time at which the count began, in the source's ticks. */
  readonly origin: number
  /** Samples since the origin, at the track's rate. */
  readonly samples: number
}

/** The clock before the first packet. */
export const stoppedAudioClock: AudioClock = { running: false, origin: 0, samples: 0 }

/** A timestamp on the running count, in the source's ticks, and the clock behind that packet. */
export interface Stamped {
  readonly ticks: number
  readonly clock: AudioClock
}

/**
 * Puts a packet of `samples` samples on the running count, since browsers stamp packets of one length at uneven times.
 * The count begins anew at the packet's own `stamp` when it is off by more than the drift limit, or when its
 * time cannot be written (`fits`).
 */
export const stampAudio = (
  clock: AudioClock,
  stamp: number,
  samples: number,
  rates: { readonly ticksPerSecond: number; readonly sampleRate: number },
  fits: (ticks: number) => boolean,
): Stamped => {
  const counted = clock.origin + Math.round((clock.samples * rates.ticksPerSecond) / rates.sampleRate)
  const driftMax = (SOURCE_AUDIO_DRIFT_MS_MAX * rates.ticksPerSecond) / 1_000
  if (clock.running && Math.abs(counted - stamp) <= driftMax && fits(counted)) {
    return { ticks: counted, clock: { running: true, origin: clock.origin, samples: clock.samples + samples } }
  }
  return { ticks: stamp, clock: { running: true, origin: stamp, samples } }
}
