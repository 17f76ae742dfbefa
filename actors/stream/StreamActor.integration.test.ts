import { describe, expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { newId } from '../../runtime/ids.ts'
import { testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { recording } from '../testing/recordings.ts'
import { actorNode, decode, mediaByRendition, publishRecording, recordsOf } from './testing/streamRig.ts'

const SPEED = 4

const publishAndRead = (name: string, ladder: ReadonlyArray<number> = []) =>
  Effect.gen(function* () {
    const id = newId()
    yield* publishRecording(id, recording(name), SPEED)
    return yield* recordsOf(id)
  }).pipe(Effect.provide(actorNode(testSettings(natsUrl()), { ladder })))

describe('every frame comes out once, in order', () => {
  for (const name of ['h264.webm', 'vp8.webm', 'vp9.webm', '100ms-h264.webm', '100ms-avc3.mp4', 'videoonly-h264.webm', 'videoonly-avc1.mp4', 'stall-h264.webm', 'stall-vp8.webm']) {
    it.live(name, () =>
      Effect.gen(function* () {
        const records = yield* publishAndRead(name)
        const renditions = mediaByRendition(records)
        const source = renditions.get('source')
        expect(source).toBeDefined()
        if (source === undefined) return
        const { pts, complaints } = decode(source)
        expect(complaints).toBe('')
        expect(pts.length).toBe(recording(name).frames)
        expect(pts.every((time, i) => i === 0 || time > (pts[i - 1] ?? 0))).toBe(true)
        const end = records.at(-1)?.body
        expect(end?.case === 'end' ? end.value.reason : undefined).toBe(1)
      }), 60_000)
  }
})
