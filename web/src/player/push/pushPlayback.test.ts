import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beginPlayback, decidePush, type PushAction, type PushEvent, type PushPlayback } from './pushPlayback.ts'
import { fragmentAt, initOf } from './testing/segments.ts'
import type { FragmentFrame, InitFrame } from './watchFrame.ts'
import type { TrackKind, WatchRendition } from './watchMessage.ts'

const h264 = 'video/mp4; codecs="avc1.64001f"'
const h265 = 'video/mp4; codecs="hvc1.1.6.L93.B0"'
const size = { width: 0, height: 0, bandwidth: 0 }
const renditions: ReadonlyArray<WatchRendition> = [
  { ...size, name: 'audio', kind: 'audio' },
  { ...size, name: 'source', kind: 'video' },
  { ...size, name: '480p', kind: 'video' },
]
const head = { startsAt_ms: 0 }
const init = (rendition: number, mimeType = h264): PushEvent => ({ kind: 'frame', frame: { ...head, kind: 'init', rendition, mimeType, bytes: initOf(rendition === 0 ? 48_000 : 90_000) } satisfies InitFrame })
const fragment = (rendition: number, at_s: number, isRandomAccess = false): PushEvent => ({
  kind: 'frame',
  frame: { ...head, kind: 'fragment', rendition, isRandomAccess, bytes: fragmentAt(at_s * (rendition === 0 ? 48_000 : 90_000)) } satisfies FragmentFrame,
})
const listed: PushEvent = { kind: 'renditions', renditions }
const appended = (track: TrackKind): PushEvent => ({ kind: 'appended', track })

interface Lived {
  readonly playback: PushPlayback
  readonly actions: ReadonlyArray<PushAction>
}

/** What follows from events, one every millisecond, unless a time is given. */
const after = (events: ReadonlyArray<PushEvent>, from = beginPlayback(), now_ms?: number): Lived =>
  events.reduce<Lived>(
    (lived, event, index) => {
      const decision = decidePush(lived.playback, event, now_ms ?? index)
      return { playback: decision.playback, actions: [...lived.actions, ...decision.actions] }
    },
    { playback: from, actions: [] },
  )

const words = ({ actions }: Lived): ReadonlyArray<string> => actions.map((action) => ('track' in action ? `${action.kind} ${action.track}` : action.kind))
const begun = [{ kind: 'opened' }, listed, init(0), init(1)] as const satisfies ReadonlyArray<PushEvent>

test('picture and sound begin together, each with its init segment', () => {
  expect(words(after(begun))).toEqual(['create', 'append video', 'append audio'])
})

test('nothing is appended before the browser has opened its buffers', () => {
  const early = after([listed, init(0), init(1), fragment(1, 10, true)])
  expect(early.actions).toEqual([])
  expect(words(after([{ kind: 'opened' }], early.playback))).toEqual(['create', 'append video', 'append audio'])
})

test('a SourceBuffer gets one piece at a time, in the order in which they came', () => {
  const busy = after([...begun, fragment(1, 10, true), fragment(1, 11)])
  expect(words(busy)).toEqual(['create', 'append video', 'append audio'])
  const first = after([appended('video')], busy.playback)
  const second = after([appended('video')], first.playback)
  expect([...first.actions, ...second.actions]).toEqual([10, 11].map((at_s) => ({ kind: 'append', track: 'video', bytes: fragmentAt(at_s * 90_000) })))
})

test('a track that does not come within a second is done without, and begins anew with it when it comes after all', () => {
  const waiting = after([{ kind: 'opened' }, listed, init(1)], undefined, 0)
  expect(after([{ kind: 'tick' }], waiting.playback, 999).actions).toEqual([])
  const alone = after([{ kind: 'tick' }], waiting.playback, 1_000)
  expect(alone.actions[0]).toEqual({ kind: 'create', tracks: [{ track: 'video', mimeType: h264 }] })
  expect(words(after([init(0)], alone.playback, 5_000))).toEqual(['restart'])
})

test('decoding begins with a keyframe: what comes before the first one is left out', () => {
  const { playback } = after([...begun, appended('video'), fragment(1, 9)])
  expect(words(after([fragment(1, 10, true)], playback))).toEqual(['append video'])
})

test('another rendition follows with its own init segment, and what still comes of the old one is left out', () => {
  const playing = after([...begun, appended('video'), fragment(1, 10, true), appended('video')])
  const switched = after([init(2), fragment(1, 11), appended('video'), fragment(2, 11), fragment(2, 12, true)], playing.playback)
  expect(switched.actions.map((action) => (action.kind === 'append' ? action.bytes.length : action.kind))).toEqual([initOf(1).length, fragmentAt(1).length])
})

test('a codec that changes changes the SourceBuffer, one that stays does not', () => {
  const playing = after([...begun, appended('video')])
  expect(words(after([init(1, h265)], playing.playback))).toEqual(['changeType video', 'append video'])
  expect(words(after([init(1, h264)], playing.playback))).toEqual(['append video'])
})

test('a timeline that goes back is left to another way of playing; one that a reconnection repeats is not', () => {
  const playing = after([...begun, fragment(1, 100, true)])
  expect(words(after([init(1), fragment(1, 96, true)], playing.playback))).not.toContain('fail')
  expect(words(after([fragment(1, 60, true)], playing.playback))).toContain('fail')
})

test('where the browser has no more room, old media goes and the same piece is tried again, once', () => {
  const playing = after([...begun, appended('video'), fragment(1, 10, true)])
  const full = after([{ kind: 'quotaExceeded', track: 'video', position_s: 30 }], playing.playback)
  expect(full.actions).toEqual([{ kind: 'remove', track: 'video', before_s: 29 }])
  const again = after([appended('video')], full.playback)
  expect(words(again)).toEqual(['append video'])
  expect(words(after([{ kind: 'quotaExceeded', track: 'video', position_s: 30 }], again.playback))).toEqual(['restart'])
})

test('old media is removed from both buffers, and not asked for again while it is', () => {
  const idle = after([...begun, appended('video'), appended('audio')])
  const trimmed = after([{ kind: 'trim', before_s: 20 }, { kind: 'trim', before_s: 21 }], idle.playback)
  expect(words(trimmed)).toEqual(['remove video', 'remove audio'])
})

test('the end comes behind the last piece, once', () => {
  const playing = after([...begun, appended('audio'), { kind: 'over' }, { kind: 'tick' }])
  expect(words(playing)).not.toContain('end')
  expect(words(after([appended('video'), { kind: 'tick' }], playing.playback))).toEqual(['end'])
})

test('a track that was left out comes back as soon as it has media', () => {
  const without = after([{ kind: 'opened' }, listed, init(1), init(0)], beginPlayback('audio'))
  expect(without.actions[0]).toEqual({ kind: 'create', tracks: [{ track: 'video', mimeType: h264 }] })
  expect(words(after([fragment(0, 10, true)], without.playback))).toEqual(['restart'])
})

test('whatever comes in whatever order, a SourceBuffer is never given a piece while it works, and never before it exists', () => {
  const event = fc.oneof(
    fc.constantFrom<PushEvent>({ kind: 'opened' }, listed, { kind: 'tick' }, { kind: 'over' }, appended('video'), appended('audio')),
    fc.nat(3).map((rendition) => init(rendition)),
    fc.tuple(fc.nat(3), fc.nat(30), fc.boolean()).map(([rendition, at_s, isRandomAccess]) => fragment(rendition, at_s, isRandomAccess)),
    fc.constantFrom<TrackKind>('video', 'audio').map((track): PushEvent => ({ kind: 'quotaExceeded', track, position_s: 5 })),
    fc.nat(30).map((before_s): PushEvent => ({ kind: 'trim', before_s })),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let playback = beginPlayback()
      const created = new Set<TrackKind>()
      const busy = new Set<TrackKind>()
      events.forEach((each, index) => {
        if (each.kind === 'appended' || each.kind === 'quotaExceeded') busy.delete(each.track)
        const decision = decidePush(playback, each, index * 300)
        playback = decision.playback
        for (const action of decision.actions) {
          if (action.kind === 'create') action.tracks.forEach(({ track }) => created.add(track))
          if (action.kind !== 'append' && action.kind !== 'remove') continue
          expect(created.has(action.track)).toBe(true)
          expect(busy.has(action.track)).toBe(false)
          busy.add(action.track)
        }
      })
    }),
  )
})
