import { expect, it } from 'vitest'
import { StreamStatus } from '../proto/gen/millrace/v1/stream_state_pb.js'
import { lossFigures } from './lossFigures.ts'
import { renderMetrics } from './Metrics.ts'

it('shows what streams have lost together, and how many of them', () => {
  const whole = { status: StreamStatus.LIVE, lostChunks: 0n, poisonChunks: 0n, lostSegmentCount: 0 }
  const shown = renderMetrics(lossFigures([
    whole,
    { ...whole, lostChunks: 3n },
    { ...whole, status: StreamStatus.FAILED, lostChunks: 1n, poisonChunks: 5n },
    { ...whole, status: StreamStatus.ARCHIVED, lostSegmentCount: 2 }
  ]))
  for (const line of ['failed 1', 'with_losses 3', 'lost_chunks 4', 'poison_chunks 5', 'lost_segments 2']) expect(shown).toContain(`millrace_streams_${line}\n`)
})
