/** Reads a recording back from the archive, picture by picture. */
import { setTimeout as delay } from 'node:timers/promises'
import { decodeFrames } from '../../e2e/kit/decode.ts'
import { capturedRuns, readHls } from '../../e2e/kit/hlsReader.ts'

const readyWithin_ms = 60_000

/** Waits until the recording is there, decodes all of it and gives the frames' numbers in order. */
export const readArchive = async (platform: string, id: string): Promise<ReadonlyArray<number | undefined>> => {
  const url = `${platform}/recordings/${id}/index.m3u8`
  for (const deadline_ms = performance.now() + readyWithin_ms; ; await delay(250)) {
    const { ok, status } = await fetch(url)
    if (ok) break
    if (performance.now() > deadline_ms) throw new Error(`The recording was not ready ${readyWithin_ms / 1000} s after the end: ${url} answers ${status}.`)
  }
  const frames: Array<number | undefined> = []
  for (const run of capturedRuns(await readHls(url))) {
    const decoded = await decodeFrames(run)
    frames.push(...decoded.frames.map(({ label }) => label?.frame))
  }
  return frames
}
