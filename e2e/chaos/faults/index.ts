import type { Fault } from '../Fault.ts'
import { ffmpegFaults } from './ffmpeg.ts'

/** Every fault of the table, in its order. */
export const faults: ReadonlyArray<Fault> = [...ffmpegFaults]
