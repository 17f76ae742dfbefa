import { spawnSync } from "node:child_process"
import { onPath } from "./findProgram.ts"
import { runVisibly } from "./runVisibly.ts"

/** How this user may run apt-get: as root, by passwordless sudo, or not at all. */
const aptGet = (): ReadonlyArray<string> | undefined => {
  if (onPath("apt-get") === undefined) return undefined
  if (process.getuid?.() === 0) return ["apt-get"]
  if (onPath("sudo") === undefined) return undefined
  return spawnSync("sudo", ["--non-interactive", "true"], { stdio: "ignore" }).status === 0
    ? ["sudo", "--non-interactive", "apt-get"]
    : undefined
}

/**
 * Installs a Debian package. Resolves with undefined, or with the reason when that is impossible or failed.
 * Another apt-get that is running is waited for.
 */
export const debianInstall = async (debianPackage: string): Promise<string | undefined> => {
  const [command, ...first] = aptGet() ?? []
  if (command === undefined) return "apt-get needs root or passwordless sudo"
  const settings = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, outlives: true }
  const options = [...first, "-o", "DPkg::Lock::Timeout=300", "-q"]
  const install = [...options, "install", "-y", "--no-install-recommends", debianPackage]
  const installed = await runVisibly(debianPackage, command, install, settings)
  if (installed.code === 0) return undefined
  const updated = await runVisibly(debianPackage, command, [...options, "update"], settings)
  if (updated.code !== 0) return updated.tail.split("\n").at(-1) ?? "apt-get update failed"
  const again = await runVisibly(debianPackage, command, install, settings)
  return again.code === 0 ? undefined : (again.tail.split("\n").at(-1) ?? "apt-get install failed")
}
