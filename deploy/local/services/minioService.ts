import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { untilAnswering } from "../answering.ts"
import type { BringUpError } from "../errors.ts"
import { type KeptProcess, keptProcess } from "../KeptProcess.ts"
import { freePort } from "../ports.ts"

/** How to run an own MinIO. */
export interface MinioOptions {
  readonly program: string
  readonly folder: string
  /** A free one by default. */
  readonly port?: number
  readonly accessKey: string
  readonly secretKey: string
}

/** A running MinIO. */
export interface RunningMinio {
  readonly port: number
  /** The `OBJECT_STORE_URL` of a bucket in it, which the application creates. */
  readonly bucketUrl: (bucket: string) => string
  readonly process: KeptProcess
}

/** Starts MinIO on the loopback interface and waits until it answers. */
export const minioServer = Effect.fnUntraced(function*(
  options: MinioOptions
): Effect.fn.Return<RunningMinio, BringUpError, Scope.Scope> {
  const port = options.port ?? (yield* Effect.promise(() => freePort()))
  const consolePort = yield* Effect.promise(() => freePort())
  const running = yield* keptProcess({
    name: "minio",
    command: options.program,
    args: [
      "server",
      "--address",
      `127.0.0.1:${port}`,
      "--console-address",
      `127.0.0.1:${consolePort}`,
      join(options.folder, "objects")
    ],
    env: {
      ...process.env,
      MINIO_ROOT_USER: options.accessKey,
      MINIO_ROOT_PASSWORD: options.secretKey,
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
      MINIO_CONFIG_ENV_FILE: "",
      HOME: options.folder
    },
    output: { file: join(options.folder, "minio.log") }
  })
  const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/minio/health/ready`)).ok
  yield* untilAnswering(running, answers, 60_000)
  const credentials = `${encodeURIComponent(options.accessKey)}:${encodeURIComponent(options.secretKey)}`
  return { port, bucketUrl: (bucket) => `http://${credentials}@127.0.0.1:${port}/${bucket}`, process: running }
})
