import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { CheckpointSchema, TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { MediaEndSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { ArchivedSegment } from '../database/Recordings.ts'
import { complaint, lostRows, missingRenditions, recordedRenditions, withoutMissingObjects } from './completeness.ts'

const row = (rendition: string, msn: number, change: Partial<ArchivedSegment> = {}): ArchivedSegment => ({
  rendition, msn, init: 0, start: msn * 180_000, duration: 180_000, timescale: 90_000, programDateTime_ms: 1_000 + msn * 2_000, discontinuities: 0, frames: 40,
  bytes: 10_000, objectKey: `k/${rendition}/${msn}`, reason: '', firstSeq: 1, lastSeq: 2, fenceToken: 1, ...change
})
const end = create(MediaEndSchema, { renditions: [{ rendition: 'source', segments: 3, frames: 120n }, { rendition: 'audio', segments: 2, frames: 80n }] })
const all = [row('source', 0), row('source', 1), row('source', 2), row('audio', 0), row('audio', 1)]

describe('a recording', () => {
  it('is complete when every number of every rendition has a row', () => {
    expect(missingRenditions(end, all)).toEqual([])
    for (const missing of all) {
      expect(missingRenditions(end, all.filter((one) => one !== missing)).map(({ rendition }) => rendition)).toEqual([missing.rendition])
    }
  })

  it('is complete without numbers that a discontinuity skipped, since every frame is there', () => {
    const skipped = [row('source', 0), row('source', 2, { frames: 80 }), row('audio', 0), row('audio', 1)]
    expect(missingRenditions(end, skipped)).toEqual([])
  })

  it('counts lost segments as there, and complains about them', () => {
    const rows = all.map((one) => (one.msn === 1 && one.rendition === 'source' ? { ...one, objectKey: null, reason: 'torn' } : one))
    expect(missingRenditions(end, rows)).toEqual([])
    expect(complaint(end, rows)).toBe('1 of 5 segments are lost: torn')
    expect(complaint(end, all)).toBe('')
  })

  it('complains when the archive holds other frames than the stream published', () => {
    expect(complaint(end, all.map((one) => ({ ...one, frames: 39 })))).toBe('source has 117 of 120 frames; audio has 78 of 80 frames')
  })

  it('is described by its renditions in playlist order, with lost segments as gaps and with bit rates measured from the others', () => {
    const checkpoint = create(CheckpointSchema, {
      renditions: [
        { name: 'source', kind: TrackKind.VIDEO, codec: 'avc1.42c01f', width: 640, height: 480, frameIntervalUs: 50_000, bandwidth: 1 },
        { name: 'audio', kind: TrackKind.AUDIO, codec: 'mp4a.40.2', channels: 2 },
        { name: '240p', kind: TrackKind.VIDEO, codec: 'avc1.42c01f' }
      ]
    })
    const rows = [row('source', 10), row('source', 9, { bytes: 30_000 }), row('source', 8, { objectKey: null }), row('audio', 0)]
    const recorded = recordedRenditions(checkpoint, rows)
    expect(recorded.map(({ description, segments }) => [description.name, segments.map(({ msn, gap }) => (gap ? -msn : msn))])).toEqual([['source', [-8, 9, 10]], ['audio', [0]]])
    expect(recorded[0]?.description).toMatchObject({ frameRate: 20, bandwidth: 120_000, averageBandwidth: 80_000, segments: 2, frames: 80 })
  })

  it('records as lost what has neither a row nor an announcement, between the segments beside it', () => {
    const rows = all.filter(({ rendition, msn }) => rendition !== 'source' || msn !== 1)
    const [lost, ...others] = lostRows(end, rows, [])
    expect(others).toEqual([])
    expect(lost).toMatchObject({ rendition: 'source', msn: 1, start: 180_000, duration: 180_000, programDateTime_ms: 3_000, objectKey: null, fenceToken: 0 })
    expect(lost?.reason).not.toBe('')
    expect(missingRenditions(end, [...rows, ...lostRows(end, rows, [])])).toEqual([])
    expect(lostRows(end, rows, [{ rendition: 'source', msn: 1 }])).toEqual([])
    expect(lostRows(end, rows, [{ rendition: 'source', msn: 0 }, { rendition: 'audio', msn: 1 }]).map(({ msn }) => msn)).toEqual([1])
    expect(lostRows(end, all, [])).toEqual([])
    expect(lostRows(end, [], []).map(({ rendition, msn }) => [rendition, msn])).toEqual([['source', 0], ['source', 1], ['source', 2], ['audio', 0], ['audio', 1]])
  })

  it('takes no number for lost while an announcement may show that it was skipped', () => {
    const begun = [row('source', 1, { frames: 80 }), row('audio', 0), row('audio', 1)]
    expect(lostRows(end, begun, [{ rendition: 'source', msn: 2 }])).toEqual([])
    expect(lostRows(end, [...begun, row('source', 2)], [])).toEqual([])
  })

  it('leaves out what the store does not hold, segment or init segment', () => {
    const keys = new Set([...all.map(({ objectKey }) => objectKey ?? ''), 'k/hls/source/init-0.mp4', 'k/hls/audio/init-0.mp4'])
    expect(withoutMissingObjects('k/', all, keys)).toEqual(all)
    const lostIn = (key: string) => withoutMissingObjects('k/', all, new Set([...keys].filter((one) => one !== key))).filter(({ objectKey }) => objectKey === null)
    expect(lostIn('k/source/1').map(({ rendition, msn }) => [rendition, msn])).toEqual([['source', 1]])
    expect(lostIn('k/hls/audio/init-0.mp4')).toHaveLength(2)
  })
})
