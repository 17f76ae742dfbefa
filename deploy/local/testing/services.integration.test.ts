import { existsSync, readFileSync } from "node:fs"
import { connect, StringCodec } from "nats"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { connectionOptions } from "./natsOptions.ts"
import {
  databaseUrl,
  freshNatsUrl,
  minioAvailable,
  natsUrl,
  objectStoreUrl,
  startMinio,
  startNats,
  startPostgres
} from "./services.ts"

const query = async (url: string, sql: string): Promise<ReadonlyArray<unknown>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z"
  } catch {
    return false
  }
}

describe("the shared services of a test run", () => {
  it("gives each test file one NATS account in which it is alone", async () => {
    expect(natsUrl()).toBe(natsUrl())
    const mine = await connect(connectionOptions(natsUrl()))
    const other = await connect(connectionOptions(freshNatsUrl()))
    try {
      const config = { name: "LOG", subjects: ["log.>"], max_bytes: 3 * 1024 ** 3 }
      await (await mine.jetstreamManager()).streams.add(config)
      await (await other.jetstreamManager()).streams.add(config)
      await mine.jetstream().publish("log.a", StringCodec().encode("one"))
      expect((await (await mine.jetstreamManager()).streams.info("LOG")).state.messages).toBe(1)
      expect((await (await other.jetstreamManager()).streams.info("LOG")).state.messages).toBe(0)
    } finally {
      await mine.close()
      await other.close()
    }
  })

  it("gives an empty database at each call", async () => {
    const [first, second] = [await databaseUrl(), await databaseUrl()]
    await query(first, "create table seen (id int)")
    expect(await query(first, "select * from seen")).toEqual([])
    await expect(query(second, "select * from seen")).rejects.toThrow("does not exist")
  })

  it("gives an empty folder as an object store", async () => {
    expect(existsSync(new URL(await objectStoreUrl("directory")))).toBe(true)
  })

  it.skipIf(!minioAvailable())("gives a MinIO that answers", async () => {
    const url = new URL(await objectStoreUrl("minio"))
    expect((await fetch(new URL("/minio/health/ready", url.origin))).status).toBe(200)
  })
})

describe("a test's own server", () => {
  it("keeps what NATS acknowledged through kill -9 and restart", async () => {
    const server = await startNats()
    try {
      const before = await connect({ servers: server.url, reconnect: false })
      await (await before.jetstreamManager()).streams.add({ name: "LOG", subjects: ["log.>"] })
      await before.jetstream().publish("log.a")
      const first = server.pid
      await server.kill()
      expect(isAlive(first)).toBe(false)
      await server.restart()
      expect(server.pid).not.toBe(first)
      const after = await connect({ servers: server.url })
      expect((await (await after.jetstreamManager()).streams.info("LOG")).state.messages).toBe(1)
      await after.close()
    } finally {
      await server.stop()
    }
    expect(isAlive(server.pid)).toBe(false)
  })

  it("keeps PostgreSQL's data through kill -9 and restart", async () => {
    const server = await startPostgres()
    try {
      await query(server.url, "create table kept (id int)")
      await server.kill()
      await server.restart()
      expect(await query(server.url, "select * from kept")).toEqual([])
    } finally {
      await server.stop()
    }
  })

  it.skipIf(!minioAvailable())("restarts MinIO on the same port", async () => {
    const server = await startMinio()
    try {
      await server.kill()
      await server.restart()
      expect((await fetch(new URL("/minio/health/ready", new URL(server.url).origin))).status).toBe(200)
    } finally {
      await server.stop()
    }
  })
})
