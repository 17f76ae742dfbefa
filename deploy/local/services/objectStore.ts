import { existsSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect, type Scope } from "effect"
import { type BringUpError, BringUpRefused } from "../errors.ts"
import { minioIfHere } from "../programs/catalogue.ts"
import { minioServer } from "./minioService.ts"

const bucket = "millrace"

const holdsSomething = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0

/**
 * The `OBJECT_STORE_URL` of a data folder's own store: MinIO where it is here, else a plain folder.
 * What the first recording went to stays, so that a MinIO that appears or disappears later hides no recording:
 * fails with `BringUpRefused` when the recordings lie in a MinIO that is gone.
 */
export const objectStore = Effect.fnUntraced(function*(
  dataFolder: string,
  secretKey: string
): Effect.fn.Return<string, BringUpError, Scope.Scope> {
  const directory = join(dataFolder, "recordings")
  const minioFolder = join(dataFolder, "minio")
  const program = minioIfHere()
  const inMinio = holdsSomething(join(minioFolder, "objects", bucket))
  if (inMinio && program === undefined) {
    return yield* new BringUpRefused({
      message: `The recordings in ${dataFolder} lie in MinIO, which is not here any more: put minio on PATH, or set MINIO_PATH.`
    })
  }
  if (program === undefined || (holdsSomething(directory) && !inMinio)) {
    mkdirSync(directory, { recursive: true })
    return pathToFileURL(directory).href
  }
  mkdirSync(minioFolder, { recursive: true })
  const server = yield* minioServer({ program, folder: minioFolder, accessKey: bucket, secretKey })
  return server.bucketUrl(bucket)
})
