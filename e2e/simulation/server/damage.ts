import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { IngestRecordSchema } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import type { Dice } from '../world/Dice.ts'

/** A record of INGEST with one bit of its media changed, as a disk may do; undefined where it has no media. */
export const withDamage = (data: Uint8Array, dice: Dice): Uint8Array | undefined => {
  const record = fromBinary(IngestRecordSchema, data)
  if (record.body.case !== 'chunk' || record.body.value.data.byteLength === 0) return undefined
  const media = record.body.value.data.slice()
  const at = dice.below(media.byteLength)
  media[at] = (media[at] ?? 0) ^ (1 << dice.below(8))
  return toBinary(IngestRecordSchema, { ...record, body: { case: 'chunk', value: { ...record.body.value, data: media } } })
}
