import { expect, it } from '@effect/vitest'
import { ConfigProvider, Effect } from 'effect'
import { readSettings } from './settings.ts'

const needed = { NATS_URL: 'nats://127.0.0.1:4222', DATABASE_URL: 'postgres://u:secret@127.0.0.1/d', OBJECT_STORE_URL: 'file:/tmp/objects' }

const read = (env: Readonly<Record<string, string>>) => Effect.provideService(readSettings, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { ...needed, ...env } }))

it.effect('reads the defaults where nothing is set, and a setting where it is', () =>
  Effect.gen(function* () {
    expect(yield* read({})).toMatchObject({ roles: ['edge', 'actors', 'archive'], runtime: { lease_ms: 1_000 }, edge: { port: 8080 } })
    expect(yield* read({ PORT: '0', MILLRACE_NODE: 'node-1.example', LADDER: '720p' })).toMatchObject({ runtime: { node: 'node-1.example' }, edge: { port: 0 } })
  })
)

it.effect('a publisher without frames is heard of before its window closes, whatever its length', () =>
  Effect.gen(function* () {
    expect(yield* read({})).toMatchObject({ ingest: { keepAlive_ms: 10_000 } })
    expect(yield* read({ RECONNECT_WINDOW_MS: '3000' })).toMatchObject({ ingest: { keepAlive_ms: 1_000 } })
  })
)

const wrong: Readonly<Record<string, ReadonlyArray<string>>> = {
  PORT: ['abc', '70000', '-1', '80.5'],
  MILLRACE_SHARDS: ['0', '100000'],
  MILLRACE_REPLICAS: ['2'],
  MILLRACE_LOG_BYTES: ['4GB', '1'],
  MILLRACE_LEASE_MS: ['10', '99999999999'],
  MILLRACE_NODE: ['a b', 'a.', '>', 'x'.repeat(65)],
  MILLRACE_ROLES: ['edge,foo'],
  LADDER: ['720p,720p', 'big'],
  LOG_LEVEL: ['loud'],
  FFMPEG_PATH: ['/nowhere/ffmpeg', '/tmp']
}

for (const [variable, values] of Object.entries(wrong)) {
  it.effect(`${variable} that cannot be used is named, and no secret with it`, () =>
    Effect.forEach(values, (value) =>
      Effect.map(Effect.flip(read({ [variable]: value })), ({ message }) => {
        expect(message, value).toContain(variable)
        expect(message, value).not.toContain('secret')
      }), { discard: true })
  )
}
