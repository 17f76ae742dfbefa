import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"

const Secrets = Schema.Struct({ postgresPassword: Schema.String, minioSecretKey: Schema.String })

/** Passwords of the local services, made at the first start and kept in the data folder. */
export type Secrets = typeof Secrets.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Secrets))

/** Reads the secrets of a data folder, or makes them; only its owner may read the file. */
export const localSecrets = (dataFolder: string): Secrets => {
  const file = join(dataFolder, "secrets.json")
  if (existsSync(file)) return decode(readFileSync(file, "utf8"))
  const secrets = { postgresPassword: randomBytes(18).toString("hex"), minioSecretKey: randomBytes(18).toString("hex") }
  writeFileSync(`${file}.unfinished`, JSON.stringify(secrets), { mode: 0o600 })
  renameSync(`${file}.unfinished`, file)
  return secrets
}
