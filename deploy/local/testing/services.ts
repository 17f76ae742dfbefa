import { randomUUID } from "node:crypto"
import { closeSync, mkdirSync, openSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { inject } from "vitest"
import { minioIfHere } from "../programs/catalogue.ts"
import "./sharedServices.ts"

const claim = (file: string): boolean => {
  try {
    closeSync(openSync(file, "wx"))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  }
}

const claimAccount = (): string => {
  const { folder, natsAccounts } = inject("millrace")
  for (let index = 0; index < natsAccounts; index++) {
    if (claim(join(folder, "accounts", `t${index}`))) return `t${index}`
  }
  throw new Error(`more than ${natsAccounts} test files asked for NATS: raise natsAccounts in the global setup`)
}

let account: string | undefined

/** An own, empty NATS account at each call, for tests that need several worlds beside each other. */
export const freshNatsUrl = (): string => {
  const user = claimAccount()
  return `nats://${user}:${user}@127.0.0.1:${inject("millrace").natsPort}`
}

/**
 * The shared NATS server of this run, in a JetStream account of this test file's own: streams, buckets and subjects of
 * other files are not in it. User and password stand in the URL; the `nats` client does not read them from there, so
 * connect with `connectionOptions` of `testing/natsOptions.ts`, or with whatever the code under test does.
 */
export const natsUrl = (): string => {
  account ??= freshNatsUrl()
  return account
}

const ask = async (service: "postgres" | "minio"): Promise<string> => {
  const answer = await fetch(`${inject("millrace").controlUrl}/${service}`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`no ${service} for this test: ${text}`)
  return text
}

/** A fresh, empty database in the shared PostgreSQL. */
export const databaseUrl = (): Promise<string> => ask("postgres")

/** Whether tests on MinIO can run: it is installed, or this is CI, where its absence must fail and not skip. */
export const minioAvailable = (): boolean => process.env["CI"] === "true" || minioIfHere() !== undefined

/** The URL of a bucket that does not exist yet in the shared MinIO, or of an empty folder. */
export const objectStoreUrl = async (kind: "minio" | "directory"): Promise<string> => {
  const name = `test-${randomUUID()}`
  if (kind === "minio") return `${await ask("minio")}${name}`
  const folder = join(inject("millrace").folder, name)
  mkdirSync(folder)
  return pathToFileURL(folder).href
}

export { type Restartable, startMinio, startNats, startPostgres } from "./privateServices.ts"
