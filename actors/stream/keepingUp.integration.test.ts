import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { freshNatsUrl, natsUrl } from '../../deploy/local/testing/services.ts'
import type { ActorFigures } from '../../proto/gen/millrace/v1/node_pb.js'
import { Host } from '../../runtime/Host.ts'
import { newId } from '../../runtime/ids.ts'
import { Nodes } from '../../runtime/Nodes.ts'
import { testNodeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { parseLadder } from '../ffmpeg/ladder.ts'
import { layerWith } from '../ffmpeg/FfmpegChild.ts'
import { recording } from '../testing/recordings.ts'
import { streamActor } from './StreamActor.ts'
import { defaultStreamSettings, StreamSettings } from './StreamSettings.ts'
import { actorNode, decode, mediaByRendition, openPublisher, recordsOf } from './testing/streamRig.ts'

/** An FFmpeg that gets no more than so many bytes of its input in a second. */
const slowFfmpeg = (bytesPerSecond: number): { readonly path: string; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-slow-'))
  const path = join(folder, 'ffmpeg')
  const script = `#!/usr/bin/perl
use strict;
pipe(my $read, my $write);
my $child = fork();
if ($child == 0) { close $write; open(STDIN, '<&', $read); exec('ffmpeg', @ARGV); }
close $read;
$SIG{PIPE} = 'IGNORE';
while (sysread(STDIN, my $data, ${Math.round(bytesPerSecond / 50)})) {
  syswrite($write, $data);
  select(undef, undef, undef, 0.02);
}
close $write;
waitpid($child, 0);
exit($? >> 8);
`
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

/** Waits until what the heartbeats say of a stream is as wanted. */
const untilSaid = Effect.fnUntraced(function* (id: string, what: string, wanted: (figures: ActorFigures) => boolean) {
  const nodes = yield* Nodes
  const said = Effect.suspend(() => {
    const figures = nodes.live().flatMap(({ actors }) => actors[id] ?? [])[0]
    return figures !== undefined && wanted(figures) ? Effect.succeed(figures) : Effect.fail(`${what}: ${JSON.stringify(figures)}`)
  })
  return yield* said.pipe(Effect.tapError(() => Effect.sleep(20)), Effect.eventually, Effect.timeoutOrElse({ duration: 20_000, orElse: () => said }))
})

describe('how far a stream is behind its publisher', () => {
  it.live('is told by heartbeats while an encoder is too slow, and no frame is lost meanwhile', () => {
    const source = recording('100ms-h264.webm')
    const { path, remove } = slowFfmpeg(source.bytes.length / 8)
    const node = Layer.unwrap(Effect.map(streamActor, (kind) => Host.layer(kind))).pipe(
      Layer.provideMerge(Layer.mergeAll(testNodeLayer(testSettings(natsUrl())), layerWith({ executable: path }), Layer.succeed(StreamSettings, defaultStreamSettings)))
    )
    return Effect.gen(function* () {
      const id = newId()
      const publisher = yield* openPublisher(id, source.mimeType)
      yield* Effect.forEach(source.chunks, ({ bytes }) => publisher.chunk(bytes))
      const first = yield* untilSaid(id, 'late', ({ lagMs }) => (lagMs ?? 0) > 1_000)
      yield* untilSaid(id, 'later', ({ lagMs, latencyMs }) => (lagMs ?? 0) > (first.lagMs ?? 0) + 1_000 && (latencyMs ?? 0) > 1_000)
      yield* untilSaid(id, 'caught up', ({ lagMs }) => lagMs === 0)
      yield* publisher.stop
      const video = mediaByRendition(yield* recordsOf(id)).get('source')
      expect(video === undefined ? undefined : decode(video)).toMatchObject({ complaints: '', pts: { length: source.frames } })
    }).pipe(Effect.provide(node), Effect.ensuring(Effect.sync(remove)))
  }, 60_000)

  for (const [name, ladder] of [['100ms-h264.webm', ''], ['vp8.webm', '240p'], ['100ms-avc3.mp4', ''], ['audioonly.webm', '']] as const) {
    it.live(`is nothing while the publisher pauses, whatever FFmpeg keeps of its last frames: ${name}`, () =>
      Effect.gen(function* () {
        const id = newId()
        const source = recording(name)
        const publisher = yield* openPublisher(id, source.mimeType)
        // The last chunk ends in the middle of things.
        yield* Effect.forEach(source.chunks.slice(0, -3), ({ bytes }) => publisher.chunk(bytes))
        const cut = source.chunks.at(-3)?.bytes ?? new Uint8Array()
        yield* publisher.chunk(cut.subarray(0, cut.length / 2))
        yield* untilSaid(id, 'caught up', ({ lagMs, latencyMs }) => lagMs === 0 && latencyMs !== undefined)
        yield* publisher.stop
      }).pipe(Effect.provide(Layer.unwrap(Effect.map(Effect.fromResult(parseLadder(ladder)), (rungs) => actorNode(testSettings(freshNatsUrl()), { ladder: rungs }))))), 60_000)
  }
})
