import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { oldestUnarchived, pendingOfHead } from './pendingSegments.ts'

const head = create(MediaRecordSchema, {
  checkpoint: {
    unannounced: [{ rendition: 'audio', msn: 4, firstSeq: 30n }, { rendition: 'source', msn: 5, firstSeq: 0n }],
    renditions: [{ name: 'source', msn: 6, segmentFirstSeq: 0n, segmentFrames: 3 }, { name: 'audio', msn: 5, segmentFirstSeq: 44n, segmentFrames: 9 }, { name: '240p', msn: 0 }]
  }
})

describe('what the head of a MEDIA log knows of unarchived segments', () => {
  it('is those being written and those perhaps not announced, 0 standing for the head itself', () => {
    expect(pendingOfHead(50, head)).toEqual([
      { rendition: 'audio', msn: 4, firstSeq: 30 },
      { rendition: 'source', msn: 5, firstSeq: 50 },
      { rendition: 'source', msn: 6, firstSeq: 50 },
      { rendition: 'audio', msn: 5, firstSeq: 44 }
    ])
  })

  it('lets the log be trimmed up to the oldest of them without a row', () => {
    const pending = pendingOfHead(50, head)
    expect(oldestUnarchived(pending, [])).toBe(30)
    expect(oldestUnarchived(pending, [{ rendition: 'audio', msn: 4 }])).toBe(44)
    expect(oldestUnarchived(pending, [{ rendition: 'audio', msn: 4 }, { rendition: 'source', msn: 4 }, { rendition: 'audio', msn: 5 }])).toBe(50)
    expect(oldestUnarchived(pending, pending)).toBeUndefined()
  })
})
