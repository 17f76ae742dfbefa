import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { capturedRuns, readHls, renditionsOf } from './hlsReader.ts'

const head = '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-MEDIA-SEQUENCE:7\n'
const part = (name: string): string => `#EXT-X-PART:DURATION=0.5,URI="${name}"\n`
const closed7 = `#EXT-X-MAP:URI="init-0.mp4"\n${part('7.0')}${part('7.1')}#EXTINF:1,\n7\n`
const hint = (name: string): string => `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${name}"\n`
const closed8 = `#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"\n${part('8.0')}#EXTINF:0.5,\n8\n`

/** The playlist as it grows; a request for what is not there yet gets the last one. */
const playlists: Readonly<Record<string, string>> = {
  '': `${head}${closed7}${hint('8.0')}`,
  '8.0': `${head}${closed7}#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"\n${part('8.0')}${hint('8.1')}`,
  '8.1': `${head}${closed7}${closed8}${part('9.0')}${hint('9.1')}`,
  '9.1': `${head}${closed7}${closed8}${part('9.0')}#EXTINF:0.5,\n9\n#EXT-X-ENDLIST\n`,
}

let server: Server
let url = ''
let asked: Array<string> = []

beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://local')
    const name = pathname.split('/').at(-1) ?? ''
    asked.push(name === 'playlist.m3u8' ? `playlist ${searchParams.get('_HLS_msn') ?? ''}.${searchParams.get('_HLS_part') ?? ''}` : name)
    if (name === 'index.m3u8')
      return response.end('#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="audio/playlist.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nsource/playlist.m3u8\n')
    const place = searchParams.has('_HLS_msn') ? `${searchParams.get('_HLS_msn')}.${searchParams.get('_HLS_part')}` : ''
    return response.end(name === 'playlist.m3u8' ? playlists[place] : name)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/live/x/index.m3u8` : ''
})
afterEach(() => void server.close())

const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('takes every part once, in order, asking for the next one before it is there', async () => {
  const capture = await readHls(url)
  expect(capture.media.map(({ bytes }) => asText(bytes))).toEqual(['7.0', '7.1', '8.0', '9.0'])
  expect(capture).toMatchObject({ ended: true, complaints: [] })
  expect(asked.filter((what) => what.startsWith('playlist'))).toEqual(['playlist .', 'playlist 8.0', 'playlist 8.1', 'playlist 9.1'])
})

test('keeps media of another init segment apart, also while its segment is still open', async () => {
  const runs = capturedRuns(await readHls(url)).map((run) => run.map(asText))
  expect(runs).toEqual([['init-0.mp4', '7.0', '7.1'], ['init-1.mp4', '8.0', '9.0']])
})

test('takes whole segments where those are wanted', async () => {
  const capture = await readHls(url, { wanted: 'segments' })
  expect(capture.media.map(({ bytes }) => asText(bytes))).toEqual(['7', '8', '9'])
})

test('holds no media when it is not to be kept', async () => {
  const seen: Array<string> = []
  const capture = await readHls(url, { keeps: false, onInit: (bytes) => seen.push(asText(bytes)), onMedia: ({ bytes }) => seen.push(asText(bytes)) })
  expect(capture.media).toEqual([])
  expect(seen).toEqual(['init-0.mp4', '7.0', '7.1', 'init-1.mp4', '8.0', '9.0'])
})

test('knows the renditions by their folders', async () => {
  expect((await renditionsOf(url)).map(({ name }) => name)).toEqual(['source', 'audio'])
  await expect(readHls(url, { rendition: '720p' })).rejects.toThrow('has no rendition 720p')
})
