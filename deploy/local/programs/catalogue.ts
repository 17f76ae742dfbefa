import { Effect } from "effect"
import type { ProgramMissing } from "../errors.ts"
import { versions } from "../versions.ts"
import { findProgram } from "./findProgram.ts"
import { obtainProgram, type ProgramSource } from "./obtainProgram.ts"

const natsServerSource: ProgramSource = {
  name: "nats-server",
  variable: "NATS_SERVER_PATH",
  goModule: versions.natsServer,
  debianPackage: "nats-server"
}
const ffmpegSource: ProgramSource = { name: "ffmpeg", variable: "FFMPEG_PATH", debianPackage: "ffmpeg" }
const ffprobeSource: ProgramSource = { name: "ffprobe", variable: "FFPROBE_PATH", debianPackage: "ffmpeg" }
const chromiumSource: ProgramSource = { name: "chromium", variable: "CHROMIUM_PATH", debianPackage: "chromium" }
const minioSource: ProgramSource = { name: "minio", variable: "MINIO_PATH", goModule: versions.minio }

type Obtained = Effect.Effect<string, ProgramMissing>

/** The NATS server: `NATS_SERVER_PATH`, PATH, the cache, Go, Debian's package. */
export const natsServer: Obtained = obtainProgram(natsServerSource)
/** FFmpeg: `FFMPEG_PATH`, PATH, Debian's package. */
export const ffmpeg: Obtained = obtainProgram(ffmpegSource)
/** FFprobe: `FFPROBE_PATH`, PATH, Debian's package `ffmpeg`. */
export const ffprobe: Obtained = obtainProgram(ffprobeSource)
/** Chromium, for browser tests and the demo's measurement: `CHROMIUM_PATH`, PATH, Debian's package. */
export const chromium: Obtained = obtainProgram(chromiumSource)
/** MinIO, building it with Go where it is not here (about two minutes). */
export const minio: Obtained = obtainProgram(minioSource)
/** MinIO where it is already here; undefined elsewhere. */
export const minioIfHere = (): string | undefined => findProgram(minioSource.name, minioSource.variable)
/** Chromium where it is already here; undefined elsewhere. */
export const chromiumIfHere = (): string | undefined => findProgram(chromiumSource.name, chromiumSource.variable)
