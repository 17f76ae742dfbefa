import { Context, Effect, Layer, Schema } from 'effect'
import { Database } from './Database.ts'
import type { Row, Sql } from './Database.ts'
import type { DatabaseError } from './errors.ts'
import { RECORDINGS_PAGE_MAX } from './limits.ts'

/** What playlists say of one rendition of a recording. */
export const RecordingRendition = Schema.Struct({
  name: Schema.String,
  kind: Schema.Literals(['video', 'audio']),
  /** RFC 6381. */
  codec: Schema.String,
  width: Schema.Number,
  height: Schema.Number,
  channels: Schema.Number,
  /** Bits per second: the greatest of any segment, and of all together. */
  bandwidth: Schema.Number,
  averageBandwidth: Schema.Number,
  /** Frames per second; 0 for audio. */
  frameRate: Schema.Number,
  segments: Schema.Number,
  frames: Schema.Number
})
export type RecordingRendition = typeof RecordingRendition.Type

/** One recording. `status`: `live`, `ended` or `failed` (the archive is at work, or nothing was recorded), `ready`. */
export const Recording = Schema.Struct({
  id: Schema.String,
  title: Schema.String,
  status: Schema.Literals(['live', 'ended', 'failed', 'ready']),
  /** Folder of its objects, with the slash. */
  keyPrefix: Schema.String,
  createdAt_ms: Schema.Number,
  endedAt_ms: Schema.NullOr(Schema.Number),
  duration_ms: Schema.NullOr(Schema.Number),
  renditions: Schema.Array(RecordingRendition),
  segments: Schema.Number,
  lostSegments: Schema.Number,
  frames: Schema.Number,
  bytes: Schema.Number,
  /** Why it failed or what is wrong with it, for people. */
  reason: Schema.String,
  fenceToken: Schema.Number
})
export type Recording = typeof Recording.Type

/** One archived segment; `objectKey` is null where its media was damaged in the log, and `reason` says how. */
export const ArchivedSegment = Schema.Struct({
  rendition: Schema.String,
  msn: Schema.Number,
  init: Schema.Number,
  /** On the timeline, in ticks of `timescale`. */
  start: Schema.Number,
  duration: Schema.Number,
  timescale: Schema.Number,
  programDateTime_ms: Schema.Number,
  discontinuities: Schema.Number,
  frames: Schema.Number,
  bytes: Schema.Number,
  objectKey: Schema.NullOr(Schema.String),
  reason: Schema.String,
  /** Sequences of the MEDIA log that hold it. */
  firstSeq: Schema.Number,
  lastSeq: Schema.Number,
  fenceToken: Schema.Number
})
export type ArchivedSegment = typeof ArchivedSegment.Type

/** Names one segment of a recording. */
export type SegmentName = Pick<ArchivedSegment, 'rendition' | 'msn'>

/** What a recording's row begins with. */
export type RecordingSeed = Pick<Recording, 'id' | 'title' | 'keyPrefix' | 'createdAt_ms'>

/** What the end of a stream says of its recording. */
export type RecordingOutcome = Pick<Recording, 'status' | 'endedAt_ms' | 'duration_ms' | 'renditions' | 'reason' | 'fenceToken'>

/**
 * The tables `recordings` and `segments`. A row is written only by a fencing token that is not older than its own, and
 * writing the same again changes nothing. A recording's row comes with its first segment or its end, so that a
 * database which is away while a stream starts misses nothing.
 */
export class Recordings extends Context.Service<
  Recordings,
  {
    /** Answers whether anything was written. A lost segment never replaces an archived one. */
    readonly addSegment: (recording: RecordingSeed, segment: ArchivedSegment) => Effect.Effect<boolean, DatabaseError>
    /** All segments of a recording, by rendition and number. */
    readonly segments: (id: string) => Effect.Effect<ReadonlyArray<ArchivedSegment>, DatabaseError>
    /** Those of `wanted` that have a row. */
    readonly segmentsAmong: (id: string, wanted: ReadonlyArray<SegmentName>) => Effect.Effect<ReadonlyArray<SegmentName>, DatabaseError>
    readonly segment: (id: string, rendition: string, msn: number) => Effect.Effect<ArchivedSegment | undefined, DatabaseError>
    /** Writes how the recording ended and counts its segments. Answers whether anything was written. */
    readonly conclude: (recording: RecordingSeed, outcome: RecordingOutcome) => Effect.Effect<boolean, DatabaseError>
    /** Keeps what was lost of a recording that has a row, as JSON. Answers whether it has one. */
    readonly keepLosses: (id: string, losses: string) => Effect.Effect<boolean, DatabaseError>
    /** What was kept of it. */
    readonly losses: (id: string) => Effect.Effect<string | undefined, DatabaseError>
    readonly get: (id: string) => Effect.Effect<Recording | undefined, DatabaseError>
    /** Newest first. */
    readonly list: (limit: number) => Effect.Effect<ReadonlyArray<Recording>, DatabaseError>
  }
>()('millrace/actors/database/Recordings') {
  static readonly layer = Layer.effect(
    Recordings,
    Effect.gen(function* () {
      const database = yield* Database
      return {
        addSegment: (recording, segment) =>
          database.transaction((sql) => Effect.andThen(plant(sql, recording, segment.fenceToken), upsertSegment(sql, recording.id, segment))),
        segments: (id) => Effect.map(database.query(`${SELECT_SEGMENT} WHERE recording_id = $1 ORDER BY rendition, msn`, [id]), decodeSegments),
        segmentsAmong: (id, wanted) =>
          Effect.map(
            database.query(SELECT_AMONG, [id, wanted.map(({ rendition }) => rendition), wanted.map(({ msn }) => msn)]),
            decodeNames
          ),
        segment: (id, rendition, msn) =>
          Effect.map(
            database.query(`${SELECT_SEGMENT} WHERE recording_id = $1 AND rendition = $2 AND msn = $3`, [id, rendition, msn]),
            (rows) => decodeSegments(rows)[0]
          ),
        conclude: (recording, outcome) =>
          database.transaction((sql) => Effect.andThen(plant(sql, recording, outcome.fenceToken), updateOutcome(sql, recording.id, outcome))),
        keepLosses: (id, losses) =>
          database.transaction((sql) => Effect.map(sql.query('UPDATE recordings SET losses = $2::jsonb WHERE id = $1 RETURNING id', [id, losses]), (rows) => rows.length > 0)),
        losses: (id) => Effect.map(database.query('SELECT losses::text FROM recordings WHERE id = $1', [id]), (rows) => decodeLosses(rows)[0]?.losses ?? undefined),
        get: (id) => Effect.map(database.query(`${SELECT_RECORDING} WHERE id = $1`, [id]), (rows) => decodeRecordings(rows)[0]),
        list: (limit) =>
          Effect.map(
            database.query(`${SELECT_RECORDING} ORDER BY created_at_ms DESC, id LIMIT $1`, [Math.min(limit, RECORDINGS_PAGE_MAX)]),
            decodeRecordings
          )
      }
    })
  )
}

const decodeSegments = Schema.decodeUnknownSync(Schema.Array(ArchivedSegment))
const decodeNames = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ rendition: Schema.String, msn: Schema.Number })))
const decodeLosses = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ losses: Schema.NullOr(Schema.String) })))
const decodeRecordings = Schema.decodeUnknownSync(Schema.Array(Recording))

const SELECT_SEGMENT = `SELECT rendition, msn, init, start, duration, timescale, program_date_time_ms AS "programDateTime_ms", discontinuities,
  frames, bytes, object_key AS "objectKey", reason, first_seq AS "firstSeq", last_seq AS "lastSeq", fence_token AS "fenceToken" FROM segments`

const SELECT_AMONG = `SELECT rendition, msn FROM segments
  WHERE recording_id = $1 AND (rendition, msn) IN (SELECT * FROM unnest($2::text[], $3::int[]))`

const SELECT_RECORDING = `SELECT id, title, status, key_prefix AS "keyPrefix", created_at_ms AS "createdAt_ms", ended_at_ms AS "endedAt_ms",
  duration_ms, renditions, segment_count AS segments, lost_segments AS "lostSegments", frame_count AS frames, byte_count AS bytes,
  reason, fence_token AS "fenceToken" FROM recordings`

/** PostgreSQL's text has no NUL. */
const clean = (text: string): string => text.replaceAll('\0', '')

const plant = (sql: Sql, recording: RecordingSeed, fenceToken: number) =>
  sql.query(
    `INSERT INTO recordings (id, title, status, key_prefix, created_at_ms, fence_token)
     VALUES ($1, $2, 'live', $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
    [recording.id, clean(recording.title), recording.keyPrefix, recording.createdAt_ms, fenceToken]
  )

const UPSERT_SEGMENT = `
  INSERT INTO segments AS old (recording_id, rendition, msn, init, start, duration, timescale, program_date_time_ms, discontinuities,
    frames, bytes, object_key, reason, first_seq, last_seq, fence_token)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  ON CONFLICT (recording_id, rendition, msn) DO UPDATE SET init = excluded.init, start = excluded.start, duration = excluded.duration,
    timescale = excluded.timescale, program_date_time_ms = excluded.program_date_time_ms, discontinuities = excluded.discontinuities,
    frames = excluded.frames, bytes = excluded.bytes, object_key = excluded.object_key, reason = excluded.reason,
    first_seq = excluded.first_seq, last_seq = excluded.last_seq, fence_token = excluded.fence_token
  WHERE old.fence_token <= excluded.fence_token AND (excluded.object_key IS NOT NULL OR old.object_key IS NULL) AND old IS DISTINCT FROM excluded
  RETURNING msn`

const upsertSegment = (sql: Sql, id: string, segment: ArchivedSegment) =>
  Effect.map(
    sql.query(UPSERT_SEGMENT, [
      id, segment.rendition, segment.msn, segment.init, segment.start, segment.duration, segment.timescale, segment.programDateTime_ms,
      segment.discontinuities, segment.frames, segment.bytes, segment.objectKey, clean(segment.reason), segment.firstSeq, segment.lastSeq,
      segment.fenceToken
    ]),
    (rows) => rows.length > 0
  )

const UPDATE_OUTCOME = `
  WITH counted AS (
    SELECT count(*)::int AS segments, (count(*) FILTER (WHERE object_key IS NULL))::int AS lost,
      coalesce(sum(frames), 0)::bigint AS frames, coalesce(sum(bytes) FILTER (WHERE object_key IS NOT NULL), 0)::bigint AS bytes
    FROM segments WHERE recording_id = $1)
  UPDATE recordings SET status = $2, ended_at_ms = $3, duration_ms = $4, renditions = $5::jsonb, reason = $6, fence_token = $7,
    segment_count = counted.segments, lost_segments = counted.lost, frame_count = counted.frames, byte_count = counted.bytes
  FROM counted
  WHERE id = $1 AND fence_token <= $7 AND NOT (status = 'ready' AND $2 <> 'ready')
    AND (status, ended_at_ms, duration_ms, renditions, reason, fence_token, segment_count, lost_segments, frame_count, byte_count)
      IS DISTINCT FROM ($2, $3::bigint, $4::bigint, $5::jsonb, $6, $7::bigint, counted.segments, counted.lost, counted.frames, counted.bytes)
  RETURNING id`

const updateOutcome = (sql: Sql, id: string, outcome: RecordingOutcome) =>
  Effect.map(
    sql.query(UPDATE_OUTCOME, [
      id, outcome.status, outcome.endedAt_ms, outcome.duration_ms, JSON.stringify(outcome.renditions), clean(outcome.reason), outcome.fenceToken
    ]),
    (rows: ReadonlyArray<Row>) => rows.length > 0
  )
