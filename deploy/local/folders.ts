import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

type Environment = Readonly<Record<string, string | undefined>>

/** The project's own folder. */
export const projectFolder = resolve(fileURLToPath(new URL("../..", import.meta.url)))

/** Where programs that were built or fetched are kept, for all clones: `$XDG_CACHE_HOME/millrace`, else `~/.cache/millrace`. */
export const cacheFolder = (environment: Environment = process.env): string =>
  join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "millrace")

/** Where a local Millrace keeps its data: `MILLRACE_DATA`, else `$XDG_DATA_HOME/millrace`, else `~/.local/share/millrace`. */
export const dataFolder = (environment: Environment = process.env): string =>
  resolve(
    environment["MILLRACE_DATA"] || join(environment["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "millrace")
  )
