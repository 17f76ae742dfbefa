import { accessSync, constants, statSync } from "node:fs"
import { delimiter, join } from "node:path"
import { cacheFolder } from "../folders.ts"

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Where a program of that name lies on `PATH`; undefined when it does not. */
export const onPath = (name: string): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable)

/** The place of a program in the cache, whether or not it is there. */
export const cachedProgram = (name: string): string => join(cacheFolder(), "bin", name)

/**
 * Finds a program: the setting `variable` (a path), else `PATH`, else the cache.
 *
 * A setting that names no program is not passed over in silence: it is returned, and starting it fails by that name.
 */
export const findProgram = (name: string, variable: string): string | undefined => {
  const setting = process.env[variable]
  if (setting !== undefined && setting !== "") return setting
  return onPath(name) ?? [cachedProgram(name)].find(isExecutable)
}
