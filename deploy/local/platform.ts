import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { untilAnswering } from "./answering.ts"
import { buildWeb } from "./buildWeb.ts"
import { lockDataFolder } from "./dataLock.ts"
import { type BringUpError, BringUpRefused } from "./errors.ts"
import { dataFolder, projectFolder } from "./folders.ts"
import { type KeptProcess, keptProcess } from "./KeptProcess.ts"
import { isLoopback, type ListenAddress, listenAddress, localUrl } from "./listenAddress.ts"
import { chromiumIfHere, ffmpeg, ffprobe } from "./programs/catalogue.ts"
import { localServices } from "./services/localServices.ts"

/** The platform with its services, up and ready. */
export interface RunningPlatform {
  readonly url: string
  readonly process: KeptProcess
  /** Settings for programs that work beside it. */
  readonly environment: NodeJS.ProcessEnv
}

/** The platform drains for up to 20 s when it is asked to end. */
const drain_grace_ms = 25_000
const readyWithin_ms = 60_000

const announce = (address: ListenAddress, data: string): void => {
  const who = isLoopback(address)
    ? `It listens on ${address.host} only, because there are no accounts yet; HOST=0.0.0.0 opens it to the network.`
    : `It listens on ${address.host}: there are no accounts yet, so whoever reaches it can publish and watch.`
  process.stdout.write(
    `Millrace is ready: ${localUrl(address)}/\n${who}\nData: ${data}. Ctrl-C stops everything.\n`
  )
}

/**
 * Builds the pages, brings up the services and the platform (`deploy/server/main.ts`), waits until it is ready and prints its address.
 * With `reload` it starts anew whenever one of its files changes; `data`, a folder that nobody else knows, is used in place of the data folder.
 */
export const platform = Effect.fnUntraced(function*(
  options: { readonly reload: boolean; readonly data?: string }
): Effect.fn.Return<RunningPlatform, BringUpError, Scope.Scope> {
  const main = join(projectFolder, "deploy", "server", "main.ts")
  if (!existsSync(main)) return yield* new BringUpRefused({ message: `${main} is missing: this is not a whole Millrace.` })
  const data = options.data ?? dataFolder()
  if (options.data === undefined) yield* lockDataFolder(data)
  yield* buildWeb
  const address = yield* listenAddress
  const programs = { FFMPEG_PATH: yield* ffmpeg, FFPROBE_PATH: yield* ffprobe }
  const chromium = chromiumIfHere()
  const services = yield* localServices(data)
  const environment = {
    ...process.env,
    ...programs,
    ...(chromium === undefined ? {} : { CHROMIUM_PATH: chromium }),
    ...services,
    HOST: address.host,
    PORT: String(address.port),
    MILLRACE_DATA: data
  }
  const running = yield* keptProcess({
    name: "Millrace",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", ...(options.reload ? ["--watch", "--watch-preserve-output"] : []), main],
    cwd: projectFolder,
    env: environment,
    grace_ms: drain_grace_ms,
    output: "inherit"
  })
  const url = localUrl(address)
  yield* untilAnswering(running, async () => (await fetch(`${url}/ready`)).status === 200, readyWithin_ms)
  announce(address, data)
  return { url, process: running, environment }
})

/** Waits until the platform ends by itself, and says so; resolves with the exit code of the command. */
export const untilPlatformEnds = (running: RunningPlatform): Effect.Effect<number> =>
  Effect.promise(() => running.process.exited).pipe(
    Effect.map(({ code, signal }) => {
      process.stderr.write(`Millrace ended by itself (${signal ?? `exit code ${code}`}).\n`)
      return 1
    })
  )
