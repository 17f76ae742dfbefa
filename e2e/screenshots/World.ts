/** What scenes are made of: a platform, cameras that are live, streams that have been recorded. */
import { until } from '../../actors/archive/testing/until.ts'
import type { CameraOptions } from '../kit/camera.ts'
import { type PublishedCamera, publishCamera } from '../kit/publishCamera.ts'

/** The platform and what is published on it. */
export interface World {
  readonly url: string
  /** Publishes a camera under that id, once; resolves to the id when it can be watched. */
  readonly live: (id: string, title: string, hue?: number) => Promise<string>
  /** Ends that stream; resolves when its recording can be watched. */
  readonly end: (id: string) => Promise<string>
  /** Takes its camera's connection away and leaves the stream waiting for it. */
  readonly drop: (id: string) => Promise<void>
  /** Resolves when no other stream than those is live: publishers of other scenes may have gone without a word. */
  readonly onlyLive: (...ids: ReadonlyArray<string>) => Promise<void>
  /** Ends everything. */
  readonly close: () => void
}

const within_ms = 60_000
const camera: CameraOptions = { width: 640, height: 360, fps: 20, codec: 'h264', bitrate: 900_000 }

const answers = (url: string) => async (): Promise<true | undefined> => ((await fetch(url)).ok ? true : undefined)

/** A world on a platform that runs already. */
export const makeWorld = (url: string): World => {
  const published = new Map<string, Promise<PublishedCamera>>()
  const start = async (id: string, title: string, hue: number): Promise<PublishedCamera> => {
    const started = await publishCamera(url, { camera: { ...camera, filter: `hue=h=${hue}:s=2.2` }, stream: { recordingId: id, title } })
    await until(`${id} can be watched`, answers(`${url}/live/${id}/index.m3u8`), within_ms)
    return started
  }
  const found = (id: string): Promise<PublishedCamera> => published.get(id) ?? Promise.reject(new Error(`no scene has published ${id}`))
  return {
    url,
    live: async (id, title, hue = 0) => {
      if (!published.has(id)) published.set(id, start(id, title, hue))
      await found(id)
      return id
    },
    end: async (id) => {
      await (await found(id)).stop()
      await until(`${id} is recorded`, answers(`${url}/recordings/${id}/index.m3u8`), within_ms)
      return id
    },
    drop: async (id) => (await found(id)).abandon(),
    onlyLive: async (...ids) => {
      const others = async (): Promise<true | undefined> => {
        const { streams } = (await (await fetch(`${url}/api/streams`)).json()) as { readonly streams: ReadonlyArray<{ readonly id: string; readonly status: string }> }
        return streams.every(({ id, status }) => status !== 'live' || ids.includes(id)) || undefined
      }
      await until('the others have ended', others, within_ms)
    },
    close: () => {
      for (const one of published.values()) one.then(({ abandon }) => abandon(), () => undefined)
    },
  }
}
