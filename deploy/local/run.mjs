/**
 * `node deploy/local/run.mjs demo|start|dev|test|bench|chaos|simulate|screenshots [arguments]`: the first step of every command.
 *
 * Runs on the machine's own Node (20 or newer) before any package is there: installs the packages of package-lock.json
 * where they are missing or changed, then runs `deploy/local/<command>.ts` with the Node 22 that is one of them.
 */
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const commands = ["demo", "start", "dev", "test", "bench", "chaos", "simulate", "screenshots"]
const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), "../..")
const binaries = join(projectFolder, "node_modules", ".bin")
const node22 = join(binaries, "node")

const fail = (line) => {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined)

/** npm notes in its hidden lockfile what it has installed, and writes it last: an interrupted installation has none. */
const packagesAreCurrent = () => {
  const wanted = readJson(join(projectFolder, "package-lock.json"))?.packages ?? {}
  const installed = readJson(join(projectFolder, "node_modules", ".package-lock.json"))?.packages
  if (installed === undefined) return false
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || installed[path]?.version === entry.version || (entry.optional && !installed[path])
  )
}

/** Resolves with a function that releases the lock; it also ends with this process. Without flock, no lock. */
const lockInstallation = async () => {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "millrace")
  mkdirSync(cache, { recursive: true })
  const name = createHash("sha256").update(projectFolder).digest("hex").slice(0, 16)
  const holder = spawn("flock", [join(cache, `npm-${name}.lock`), "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true
  })
  await new Promise((done) => {
    holder.stdout.once("data", done)
    holder.once("error", done)
    holder.once("exit", done)
  })
  return () => holder.stdin.end()
}

/** Runs npm ci; shows how many packages have come, and npm's errors. Resolves with its exit code. */
const npmCi = () =>
  new Promise((done) => {
    const npm = spawn("npm", ["ci", "--include=dev", "--loglevel=http", "--progress=false"], {
      cwd: projectFolder,
      stdio: ["ignore", "ignore", "pipe"]
    })
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => {
        npm.kill(signal)
        process.exit(130)
      })
    }
    let fetched = 0
    createInterface({ input: npm.stderr }).on("line", (line) => {
      if (line.startsWith("npm error")) process.stderr.write(`${line}\n`)
      if (/http (fetch|cache).*\.tgz/.test(line) && ++fetched % 25 === 0) process.stderr.write(`  npm │ ${fetched} packages\n`)
    })
    npm.once("close", (exitCode) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(signal)
      done(exitCode ?? 1)
    })
  })

const installPackages = async () => {
  if (packagesAreCurrent()) return
  const release = await lockInstallation()
  if (!packagesAreCurrent()) {
    if (spawnSync("npm", ["--version"], { stdio: "ignore" }).status !== 0) {
      fail("npm is needed to install Millrace's packages and is not on PATH: install it (Debian: sudo apt-get install npm).")
    }
    process.stderr.write("Installing npm packages (package-lock.json is new or has changed).\n")
    const code = await npmCi()
    if (code !== 0) {
      fail("npm could not install the packages; its reason stands above. Offline? `npm ping` tells whether the registry answers.")
    }
  }
  release()
}

const checkNode22 = () => {
  const version = spawnSync(node22, ["--version"], { encoding: "utf8" }).stdout?.trim()
  if (!version?.startsWith("v22.")) {
    fail(`The Node 22 of the npm package "node" does not run (${version || "nothing there"}): remove node_modules and try again, with npm's ignore-scripts off.`)
  }
}

/** The last part of a command; it learns through the IPC channel when this process is killed. */
const runCommand = (command, args) => {
  const script = join(projectFolder, "deploy", "local", `${command}.ts`)
  const child = spawn(node22, ["--disable-warning=ExperimentalWarning", script, ...args], {
    cwd: projectFolder,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ""}` },
    stdio: ["inherit", "inherit", "inherit", "ipc"]
  })
  // Ctrl-C in a terminal reaches the child by itself, other signals and other senders do not: passing all on is safe,
  // since the child takes signals that come together as one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  if (process.env.npm_command !== undefined) endWithNpm(child)
  child.once("error", (error) => fail(`Node 22 could not be started: ${error.message}`))
  child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)))
}

/** Name and parent of a process, from /proc; undefined where that is not there. */
const processStat = (pid) => {
  try {
    const match = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))
    return match === null ? undefined : { name: match[1], parent: Number(match[2]) }
  } catch {
    return undefined
  }
}

/** npm runs a script through a shell, which may or may not have replaced itself by us. */
const npmProcess = () => {
  const parent = processStat(process.ppid)
  return parent !== undefined && /^(sh|dash|bash)$/.test(parent.name) ? parent.parent : process.ppid
}

/** A killed npm sends no signal: all that shows is that we, or the shell between, have another parent. */
const endWithNpm = (child) => {
  const npm = npmProcess()
  setInterval(() => {
    if (npmProcess() !== npm) child.kill("SIGTERM")
  }, 500).unref()
}

const [command = "", ...args] = process.argv.slice(2)
if (!commands.includes(command)) fail(`Usage: node deploy/local/run.mjs ${commands.join("|")} [arguments]`)
if (Number(process.versions.node.split(".")[0]) < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer.`)
await installPackages()
checkNode22()
runCommand(command, args)
