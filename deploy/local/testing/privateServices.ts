import { join } from "node:path"
import { Effect } from "effect"
import { minio } from "../programs/catalogue.ts"
import { minioServer } from "../services/minioService.ts"
import { nats } from "../services/natsService.ts"
import { postgres } from "../services/postgresService.ts"
import { type Restartable, restartable } from "./restartable.ts"

export type { Restartable } from "./restartable.ts"

/** An own NATS server with JetStream, without users. */
export const startNats = (
  options: { readonly fileStore_bytes_max?: number; readonly payload_bytes_max?: number } = {}
): Promise<Restartable> =>
  restartable("nats", (folder, port) =>
    nats({ ...options, folder, port, fileStore_bytes_max: options.fileStore_bytes_max ?? 16 * 1024 ** 3 })
  )

/** An own PostgreSQL; `url` names its empty database `postgres`. */
export const startPostgres = (): Promise<Restartable> =>
  restartable("postgres", (folder, port) =>
    postgres({ folder, port, password: "test", durable: false }).pipe(
      Effect.map((server) => ({ url: server.databaseUrl("postgres"), process: server.process }))
    )
  )

/** An own MinIO; `url` names the bucket `millrace`, which does not exist yet. */
export const startMinio = (): Promise<Restartable> =>
  restartable("minio", (folder, port) =>
    Effect.gen(function*() {
      const program = yield* minio
      const server = yield* minioServer({ program, folder: join(folder), port, accessKey: "millrace", secretKey: "millrace-secret" })
      return { url: server.bucketUrl("millrace"), process: server.process }
    })
  )
