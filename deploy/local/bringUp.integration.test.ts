import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { isPortFree } from "./ports.ts"
import { postgresRunner } from "./services/postgresFiles.ts"
import type { ServiceUrls } from "./services/localServices.ts"

const program = fileURLToPath(new URL("testing/bringsUpServices.ts", import.meta.url))

interface Report {
  readonly services: ServiceUrls
  readonly stubborn: number
}

interface Run {
  readonly child: ChildProcess
  readonly stderr: () => string
  readonly report: Promise<Report>
}

let data: string
let runs: Array<Run>

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "millrace-bringup-"))
  runs = []
})

afterEach(async () => {
  for (const run of runs) run.child.kill("SIGKILL")
  await vi.waitFor(() => expect(processesOn(data)).toEqual([]), { timeout: 15_000 })
  rmSync(data, { recursive: true, force: true })
})

const start = (environment: NodeJS.ProcessEnv = {}): Run => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    env: { ...process.env, NATS_URL: "", DATABASE_URL: "", OBJECT_STORE_URL: "", MILLRACE_DATA: data, ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stderr = ""
  child.stderr.on("data", (chunk) => (stderr += String(chunk)))
  const lines = createInterface({ input: child.stdout })
  const report = Promise.race([
    once(lines, "line").then(([line]) => JSON.parse(String(line)) as Report),
    once(child, "exit").then(() => Promise.reject(new Error(stderr)))
  ])
  report.catch(() => undefined)
  const run = { child, stderr: () => stderr, report }
  runs.push(run)
  return run
}

/** Command lines of the living processes that name the folder or work in it. */
const processesOn = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8")
        return words !== "" && (words.includes(folder) || environment.includes(folder)) ? [`${pid} ${words}`] : []
      } catch {
        return []
      }
    })

const allGone = async (report: Report, within_ms: number): Promise<void> => {
  await vi.waitFor(() => expect(processesOn(data)).toEqual([]), { timeout: within_ms, interval: 50 })
  const { NATS_URL, DATABASE_URL } = report.services
  for (const url of [NATS_URL, DATABASE_URL]) {
    expect(await isPortFree("127.0.0.1", Number(new URL(url).port))).toBe(true)
  }
}

const query = async (url: string, sql: string): Promise<ReadonlyArray<unknown>> => {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe("a bring-up", () => {
  it("leaves no process and no port behind when it is asked to end, and exits with 0", async () => {
    const run = start()
    const report = await run.report
    expect(processesOn(data).length).toBeGreaterThanOrEqual(4)
    run.child.kill("SIGTERM")
    const [code] = await once(run.child, "exit")
    expect(code).toBe(0)
    await allGone(report, 2_000)
    expect(readFileSync(join(data, "postgres", "postgres.log"), "utf8")).toContain("database system is shut down")
  })

  it("leaves no process and no port behind when it is killed, and PostgreSQL ends in an orderly way", async () => {
    const run = start()
    const report = await run.report
    run.child.kill("SIGKILL")
    await allGone(report, 9_000)
    expect(readFileSync(join(data, "postgres", "postgres.log"), "utf8")).toContain("database system is shut down")
  })

  it("starts again on the data of a killed run, at once, without anyone removing a lock", async () => {
    const killed = start()
    await query((await killed.report).services.DATABASE_URL, "create table yesterday (id int)")
    killed.child.kill("SIGKILL")
    const next = start()
    expect(await query((await next.report).services.DATABASE_URL, "select * from yesterday")).toEqual([])
  })

  it("starts although a killed PostgreSQL left the number of a process that is now another program's", async () => {
    const first = start()
    await first.report
    const pidFile = join(data, "postgres", "cluster", "postmaster.pid")
    const left = readFileSync(pidFile, "utf8")
    process.kill(Number(left.split("\n")[0]), "SIGKILL")
    first.child.kill("SIGKILL")
    await vi.waitFor(() => expect(processesOn(data)).toEqual([]), { timeout: 15_000 })
    const [command = "", ...args] = [...postgresRunner(), "sleep", "60"]
    const other = spawn(command, args, { stdio: "ignore" })
    writeFileSync(pidFile, left.replace(/^\d+/, String(other.pid)))
    try {
      await start().report
      expect(other.exitCode).toBe(null)
    } finally {
      other.kill("SIGKILL")
    }
  })

  it("refuses a second run on the same data in one line that says what to change", async () => {
    const first = start()
    await first.report
    const second = start()
    await expect(second.report).rejects.toThrow()
    const lines = second.stderr().trim().split("\n")
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`process ${first.child.pid}`)
    expect(lines[0]).toContain("MILLRACE_DATA")
    expect(processesOn(data).length).toBeGreaterThanOrEqual(4)
  })

  it("says which setting names a service that does not answer", async () => {
    const run = start({ NATS_URL: "nats://127.0.0.1:1" })
    await expect(run.report).rejects.toThrow()
    expect(run.stderr().trim()).toMatch(/^Nothing answers at 127\.0\.0\.1:1, which NATS_URL names/)
  })

  it("keeps the local passwords from other users", async () => {
    await start().report
    expect(statSync(join(data, "secrets.json")).mode & 0o077).toBe(0)
    expect(statSync(data).mode & 0o077).toBe(0)
  })
})
