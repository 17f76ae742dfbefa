import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Checkpoint, CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StampSchema } from '../../proto/gen/millrace/v1/stamp_pb.js'
import { citeSelf } from './selfCitation.ts'
import type { RecordCodec } from '../../runtime/ActorKind.ts'

/** How the runtime reads and writes records of the MEDIA log. */
export const mediaCodec: RecordCodec<MediaRecord> = {
  decode: (data, seq) => {
    const record = fromBinary(MediaRecordSchema, data)
    if (record.body.case === undefined) throw new TypeError(`record ${seq} of the outbox is of no known kind`)
    return record.checkpoint === undefined ? record : { ...record, checkpoint: citeSelf(record.checkpoint, seq, seq) }
  },
  encode: (record, stamp) =>
    toBinary(MediaRecordSchema, {
      ...record,
      stamp: create(StampSchema, {
        leaseRevision: BigInt(stamp.leaseRevision),
        resumeSeq: BigInt(stamp.resumeSeq),
        attempts: stamp.attempts,
        brokenBy: stamp.brokenBy ?? '',
        node: stamp.node,
        writtenAtMs: BigInt(stamp.writtenAt_ms),
        fencingToken: BigInt(stamp.fencingToken)
      })
    }),
  stampOf: ({ stamp }) => ({
    leaseRevision: Number(stamp?.leaseRevision ?? 0),
    resumeSeq: Number(stamp?.resumeSeq ?? 1),
    attempts: stamp?.attempts ?? 0,
    brokenBy: stamp?.brokenBy ?? '',
    fencingToken: Number(stamp?.fencingToken ?? 0),
    node: stamp?.node ?? '',
    writtenAt_ms: Number(stamp?.writtenAtMs ?? 0)
  }),
  isProgress: ({ body }) =>
    body.case === 'fragments' || body.case === 'discontinuity' || body.case === 'end' || (body.case === 'piece' && body.value.piece + 1 === body.value.pieces),
  isOutput: ({ body }) => body.case === 'fragments' || body.case === 'end' || (body.case === 'piece' && body.value.piece + 1 === body.value.pieces),
  takeOver: (head) => recordOf(head?.checkpoint === undefined ? create(CheckpointSchema, { openedMsn: -1 }) : closeOpenParts(head.checkpoint), { case: 'takeOver', value: { $typeName: 'millrace.v1.TakeOver' } })
}

/** A record without its stamp, which the runtime adds. */
export const recordOf = (checkpoint: Checkpoint, body: MediaRecord['body']): MediaRecord => create(MediaRecordSchema, { checkpoint, body })

/** A new owner's first fragments begin new parts, in the segments that are open. */
const closeOpenParts = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  renditions: checkpoint.renditions.map((rendition) =>
    rendition.partStart < rendition.nextDts ? { ...rendition, part: rendition.part + 1, partStart: rendition.nextDts } : rendition
  )
})
