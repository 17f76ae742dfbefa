import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

const name = "millrace-test-program"
const module = new URL("obtainProgram.ts", import.meta.url).href
const script = `
  import { Effect } from "effect"
  import { obtainProgram } from ${JSON.stringify(module)}
  const source = {
    name: "${name}", variable: "TEST_PROGRAM_PATH", goModule: { module: "example.org/x@v1", goAtLeast: [1, 26] }
  }
  const outcome = await Effect.runPromise(Effect.result(obtainProgram(source)))
  console.log(outcome._tag === "Success" ? outcome.success : outcome.failure.message)
`

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-obtain-"))
  mkdirSync(join(folder, "bin"))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const executable = (path: string, text: string): void => {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** A Go that notes the process of each build, takes half a second and writes the program in two steps. */
const installGo = (version: string, build = "sleep 0.5"): void =>
  executable(
    join(folder, "bin", "go"),
    `if [ "$1" = env ]; then echo ${version}; exit; fi
     echo $$ >> "${folder}/builds"
     printf '#!/bin/sh\\n' > "$GOBIN/${name}"; ${build}; echo 'echo whole' >> "$GOBIN/${name}"; chmod +x "$GOBIN/${name}"`
  )

const builds = (): number =>
  existsSync(join(folder, "builds")) ? readFileSync(join(folder, "builds"), "utf8").trim().split("\n").length : 0

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0

const obtain = (environment: NodeJS.ProcessEnv = {}): { result: Promise<string>; pid: number } => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: process.cwd(),
    detached: true,
    env: { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), PATH: `${folder}/bin:/usr/bin:/bin`, ...environment },
    stdio: ["ignore", "pipe", "ignore"]
  })
  let printed = ""
  child.stdout.on("data", (chunk) => (printed += String(chunk)))
  return { result: once(child, "close").then(() => printed.trim()), pid: child.pid ?? 0 }
}

const cached = (): string => join(folder, "cache", "millrace", "bin", name)

describe("obtaining a program", () => {
  it("takes the setting before PATH, and PATH before the cache", async () => {
    mkdirSync(join(folder, "cache", "millrace", "bin"), { recursive: true })
    executable(cached(), "")
    expect(await obtain().result).toBe(cached())
    executable(join(folder, "bin", name), "")
    expect(await obtain().result).toBe(join(folder, "bin", name))
    expect(await obtain({ TEST_PROGRAM_PATH: "/elsewhere" }).result).toBe("/elsewhere")
  })

  it("is built once when several ask at the same time", async () => {
    installGo("go1.26.1")
    const asked = [obtain(), obtain(), obtain()]
    expect(await Promise.all(asked.map((one) => one.result))).toEqual([cached(), cached(), cached()])
    expect(builds()).toBe(1)
    expect(readFileSync(cached(), "utf8")).toContain("whole")
  })

  it("is built anew after a build that was killed, which leaves no process and nothing half-made", async () => {
    installGo("go1.26.1", "sleep 30")
    const killed = obtain()
    await vi.waitFor(() => expect(builds()).toBe(1), { timeout: 10_000 })
    process.kill(-killed.pid, "SIGKILL")
    await killed.result
    const build = Number(readFileSync(join(folder, "builds"), "utf8"))
    await vi.waitFor(() => expect(isRunning(build)).toBe(false), { timeout: 5_000 })
    expect(existsSync(cached())).toBe(false)
    installGo("go1.27")
    expect(await obtain().result).toBe(cached())
  })

  it("says in one line what to do where it cannot be installed", async () => {
    installGo("go1.19.8")
    expect(await obtain().result).toBe(
      `${name} is needed and could not be installed: install Go 1.26 or newer, or set TEST_PROGRAM_PATH to its path.`
    )
  })

  it("says what Go said when the build fails, and leaves nothing behind", async () => {
    executable(join(folder, "bin", "go"), 'if [ "$1" = env ]; then echo go1.26; else echo "no network" >&2; exit 1; fi')
    expect(await obtain().result).toContain("Go could not build it: no network")
    expect(readdirSync(join(folder, "cache", "millrace", "bin"))).toEqual([])
  })
})
