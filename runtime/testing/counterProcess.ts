import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Effect, type Scope } from 'effect'

const main = fileURLToPath(new URL('counterNode.ts', import.meta.url))

/** A process that runs `counterNode.ts`, killed at the latest when the scope closes. */
export interface CounterProcess {
  readonly node: string
  /** What it has logged, a line of JSON each. */
  readonly lines: ReadonlyArray<string>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** Starts a node. */
export const startCounterNode = (node: string, natsUrl: string, environment: Readonly<Record<string, string>> = {}): Effect.Effect<CounterProcess, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [main], { env: { ...process.env, NATS_URL: natsUrl, NODE_NAME: node, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })),
      (child) => Effect.sync(() => child.kill('SIGKILL'))
    ),
    (child) => watched(node, child)
  )

const watched = (node: string, child: ChildProcess): CounterProcess => {
  const lines: Array<string> = []
  for (const output of [child.stdout, child.stderr]) {
    if (output !== null) createInterface({ input: output }).on('line', (line) => lines.push(line))
  }
  return {
    node,
    lines,
    signal: (signal) => child.kill(signal),
    exited: new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  }
}
