import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Effect } from 'effect'
import { expect, it } from 'vitest'
import { recording } from '../testing/recordings.ts'
import { Ffmpeg, layerWith } from './FfmpegChild.ts'
import { STDERR_TAIL_BYTES } from './limits.ts'
import type { FfmpegPlan } from './plan.ts'
import { eventually, runToEnd, withChild } from './testing/collect.ts'
import { withFolder } from './testing/probe.ts'

const plan: FfmpegPlan = {
  container: 'webm',
  timelineOffset_ms: 10_000,
  outputs: [
    { _tag: 'CopyVideo', rendition: 'source' },
    { _tag: 'EncodeAudio', rendition: 'audio' },
  ],
}

const chunks = recording('h264.webm').chunks.map((chunk) => chunk.bytes)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A program that stands in for FFmpeg: `body` is shell. */
const standIn = async (folder: string, body: string): Promise<string> => {
  const path = join(folder, 'stand-in')
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

const fastWatchdog = { watchdog: { stalled_ms: 1_500, firstOutput_ms: 3_000, asleep_ms: Number.POSITIVE_INFINITY, asleepFrames: 4 }, watchdogPeriod_ms: 50 }

const soon = { watchdog: { ...fastWatchdog.watchdog, stalled_ms: 60_000, asleep_ms: 400 }, watchdogPeriod_ms: 50 }

/** A child that has given an init segment's first box, and takes what it is given and says nothing more. */
const withSilentChild = (use: Parameters<typeof withChild>[2]): Promise<void> =>
  withFolder(async (folder) => {
    const executable = await standIn(folder, "printf '\\0\\0\\0\\020ftypisom\\0\\0\\2\\0' >&3; exec cat >/dev/null")
    await withChild(layerWith({ ...soon, executable }), plan, async (child, collected) => {
      child.write(chunks[0] ?? new Uint8Array())
      await use(child, collected)
    })
  })

it('reports a killed child with its signal, keeps whole samples and leaves nothing behind', async () => {
  await withChild(Ffmpeg.layer, plan, async (child, collected) => {
    for (const chunk of chunks.slice(0, 5)) child.write(chunk)
    await eventually('samples', () => collected.samples('source').length > 20)
    process.kill(child.pid, 'SIGKILL')
    expect(await collected.exited).toMatchObject({ code: null, signal: 'SIGKILL', complete: false })
    expect(isAlive(child.pid)).toBe(false)
    expect(collected.events.at(-1)?._tag).toBe('Exited')
    child.write(chunks[5] ?? new Uint8Array())
    child.kill()
  })
})

it('has its own process group, a memory limit, and no secrets', async () => {
  process.env['SECRET_OF_THE_NODE'] = 'hush'
  await withChild(layerWith({ addressSpace_bytes: 3 * 1024 ** 3 }), plan, async (child, collected) => {
    for (const chunk of chunks.slice(0, 5)) child.write(chunk)
    await eventually('samples', () => collected.samples('source').length > 20)
    const stat = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')
    expect(Number(stat?.[2])).toBe(child.pid)
    const limits = await readFile(`/proc/${child.pid}/limits`, 'utf8')
    expect(limits).toMatch(new RegExp(`Max address space +${3 * 1024 ** 3} `))
    expect(await readFile(`/proc/${child.pid}/environ`, 'utf8')).not.toContain('hush')
  })
  delete process.env['SECRET_OF_THE_NODE']
})

it('kills the child when the scope closes before FFmpeg has given anything', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, 'exec sleep 600')
    let pid = 0
    await withChild(layerWith({ executable }), plan, async (child) => {
      pid = child.pid
    })
    expect(isAlive(pid)).toBe(false)
  })
})

it('tells of its end only after all that it gave, also when the event loop was blocked meanwhile', async () => {
  const audio = { ...plan, outputs: plan.outputs.slice(1) }
  await withChild(Ffmpeg.layer, audio, async (child, collected) => {
    child.write(recording('audioonly.webm').bytes)
    child.end()
    await eventually('stdin to take it all', () => child.queuedBytes() === 0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(collected.events.every((event) => event._tag === 'Credit')).toBe(true)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
    expect(await collected.exited).toMatchObject({ code: 0, complete: true })
    expect(collected.samples('audio')).toHaveLength(190)
    expect(collected.events.slice(-2).map((event) => event._tag)).toEqual(['Quiet', 'Exited'])
  })
})

it('ends with a reason on garbage', async () => {
  const garbage = Buffer.alloc(300_000, 'not a video at all. ')
  for (const container of ['webm', 'mp4'] as const) {
    const { exited } = await runToEnd(Ffmpeg.layer, { ...plan, container }, [garbage])
    expect(exited.complete).toBe(false)
    expect(exited.code).not.toBe(0)
    expect(exited.stderr).toContain('Invalid data')
  }
})

it('ends with a reason when the plan asks for a track that is not there', async () => {
  const video = recording('videoonly-h264.webm').chunks.map((chunk) => chunk.bytes)
  const { exited } = await runToEnd(Ffmpeg.layer, plan, video)
  expect(exited).toMatchObject({ code: 1, complete: false })
  expect(exited.stderr).toContain("Stream map '0:a:0' matches no streams")
})

it('is not complete when it ends without having been told to', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, 'exit 0')
    await withChild(layerWith({ executable }), plan, async (_child, collected) => {
      expect(await collected.exited).toMatchObject({ code: 0, complete: false })
    })
  })
})

it('kills a child that hangs on half a header', async () => {
  await withChild(layerWith(fastWatchdog), plan, async (child, collected) => {
    child.write(chunks[0]?.subarray(0, 60) ?? new Uint8Array())
    const exited = await collected.exited
    expect(exited).toMatchObject({ signal: 'SIGKILL', complete: false })
    expect(exited.reason).toContain('after its first input')
  })
})

it('kills a child that is frozen while input comes, and gives credit only for what the kernel took', async () => {
  await withChild(layerWith(fastWatchdog), plan, async (child, collected) => {
    for (const chunk of chunks.slice(0, 5)) child.write(chunk)
    await eventually('samples', () => collected.samples('source').length > 20)
    process.kill(child.pid, 'SIGSTOP')
    const credited = collected.credited_bytes
    const flood = 4 * 1024 * 1024
    child.write(new Uint8Array(flood))
    const exited = await collected.exited
    expect(exited.reason).toContain('while input came')
    expect(collected.credited_bytes - credited).toBeLessThan(1024 * 1024)
  })
})

it('kills a child that takes no more of what waited before its last output', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, "sleep 0.5; printf '\\0\\0\\0\\020ftypisom\\0\\0\\2\\0' >&3; exec sleep 600")
    await withChild(layerWith({ ...fastWatchdog, executable }), plan, async (child, collected) => {
      child.write(new Uint8Array(4 * 1024 * 1024))
      expect((await collected.exited).reason).toContain('while input came')
    })
  })
})

it('kills a child soon that sleeps while frames come, though it takes all of them', async () => {
  await withSilentChild(async (child, collected) => {
    const sending = setInterval(() => child.write(new Uint8Array(1_000)), 50)
    const exited = await collected.exited
    clearInterval(sending)
    expect(exited.reason).toContain('slept')
  })
})

it('leaves a child alone that sleeps over the rest of one long frame', async () => {
  await withSilentChild(async (child, collected) => {
    const begun_ms = performance.now()
    const sending = setInterval(() => child.write(new Uint8Array(1_000), 0), 50)
    await eventually('a long frame', () => performance.now() - begun_ms > 4 * soon.watchdog.asleep_ms)
    clearInterval(sending)
    expect(isAlive(child.pid)).toBe(true)
    expect(collected.events.some(({ _tag }) => _tag === 'Exited')).toBe(false)
  })
})

it('leaves a child alone whose source stalls', async () => {
  await withChild(layerWith(fastWatchdog), plan, async (child, collected) => {
    for (const chunk of chunks.slice(0, 5)) child.write(chunk)
    await eventually('samples', () => collected.samples('source').length > 20)
    const stalledAt_ms = performance.now()
    await eventually('a long stall', () => performance.now() - stalledAt_ms > 2_000)
    for (const chunk of chunks.slice(5)) child.write(chunk)
    child.end()
    expect(await collected.exited).toMatchObject({ code: 0, complete: true })
    expect(collected.samples('source')).toHaveLength(240)
  })
})

it('refuses more input than may wait', async () => {
  await withChild(Ffmpeg.layer, plan, async (child, collected) => {
    process.kill(child.pid, 'SIGSTOP')
    for (let index = 0; index < 9; index += 1) child.write(new Uint8Array(8 * 1024 * 1024))
    expect((await collected.exited).reason).toContain('queued for stdin')
  })
})

it('survives a flood of stderr in bounded memory', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, 'head -c 100000000 /dev/zero | tr "\\0" x >&2; echo last words >&2; exit 3')
    const before_bytes = process.memoryUsage().arrayBuffers
    await withChild(layerWith({ executable }), plan, async (_child, collected) => {
      const exited = await collected.exited
      expect(exited).toMatchObject({ code: 3, complete: false })
      expect(exited.stderr.endsWith('xlast words\n')).toBe(true)
      expect(exited.stderr.length).toBeLessThanOrEqual(STDERR_TAIL_BYTES)
      expect(process.memoryUsage().arrayBuffers - before_bytes).toBeLessThan(50_000_000)
    })
  })
})

it('kills a child whose output is not fragmented MP4', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, 'echo "<html>hello</html>" >&3; exec sleep 600')
    await withChild(layerWith({ executable }), plan, async (_child, collected) => {
      const exited = await collected.exited
      expect(exited).toMatchObject({ signal: 'SIGKILL', complete: false })
      expect(exited.reason).toContain('output source: box')
    })
  })
})

it('kills a child that closes one output and goes on with the others', async () => {
  await withFolder(async (folder) => {
    const executable = await standIn(folder, 'exec 3>&-; exec sleep 600')
    await withChild(layerWith({ executable }), plan, async (_child, collected) => {
      const exited = await collected.exited
      expect(exited).toMatchObject({ signal: 'SIGKILL', complete: false, reason: 'output source ended before the input did' })
    })
  })
})

it('says that there is no FFmpeg', async () => {
  const started = Effect.gen(function* () {
    const ffmpeg = yield* Ffmpeg
    return yield* ffmpeg.spawn(plan, () => {})
  }).pipe(Effect.scoped, Effect.flip, Effect.provide(layerWith({ executable: '/nowhere/ffmpeg' })))
  expect((await Effect.runPromise(started))._tag).toBe('FfmpegUnavailable')
})

it('dies with the process that started it, and leaves no file behind', async () => withFolder(async (folder) => {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const program = `
    import { Effect } from 'effect'
    import { Ffmpeg } from ${module('./FfmpegChild.ts')}
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const ffmpeg = yield* Ffmpeg
      const child = yield* ffmpeg.spawn(${JSON.stringify(plan)}, () => {})
      console.log(child.pid)
      yield* Effect.never
    })).pipe(Effect.provide(Ffmpeg.layer)))`
  const node = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  })
  let output = ''
  let pid = 0
  node.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  try {
    await eventually('a pid', () => output.includes('\n'))
    pid = Number(output)
    // The kernel is asked for its death by the time that FFmpeg runs.
    await eventually('FFmpeg itself', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'ffmpeg\n')
    // Stopped, it cannot notice that its input ended: only the kernel can end it.
    process.kill(pid, 'SIGSTOP')
    node.kill('SIGKILL')
    await eventually('the end of the child', () => !isAlive(pid))
    expect(await readdir(folder)).toEqual([])
  } finally {
    node.kill('SIGKILL')
    if (pid !== 0 && isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
}))
