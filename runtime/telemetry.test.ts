import { Console, Effect } from 'effect'
import { expect, it } from 'vitest'
import { telemetry } from './telemetry.ts'

const written = (level: 'Info' | 'Debug', work: Effect.Effect<void>): Promise<ReadonlyArray<string>> => {
  const lines: Array<string> = []
  const recording: Console.Console = { ...globalThis.console, log: (line: unknown) => void lines.push(String(line)) }
  return Effect.runPromise(work.pipe(Effect.provide(telemetry({ node: 'n1', level, format: 'json' })), Effect.provideService(Console.Console, recording), Effect.as(lines)))
}

it('writes one JSON object a line, with the node, the actor and the id', async () => {
  const [line] = await written('Info', Effect.logInfo('taken over', { token: 7 }).pipe(Effect.annotateLogs({ actor: 'stream.abc', id: 'abc' })))
  expect(JSON.parse(line ?? '')).toMatchObject({ level: 'INFO', message: ['taken over', { token: 7 }], annotations: { node: 'n1', actor: 'stream.abc', id: 'abc' } })
})

it('leaves out what is below the level', async () => {
  expect(await written('Info', Effect.logDebug('detail'))).toEqual([])
  expect(await written('Debug', Effect.logDebug('detail'))).toHaveLength(1)
})
