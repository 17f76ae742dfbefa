-- Up Migration

CREATE TABLE recordings (
  id text PRIMARY KEY,
  title text NOT NULL,
  status text NOT NULL CHECK (status IN ('live', 'ended', 'failed', 'ready')),
  key_prefix text NOT NULL,
  -- Milliseconds since 1970, as everywhere in the logs.
  created_at_ms bigint NOT NULL,
  ended_at_ms bigint,
  duration_ms bigint,
  -- What playlists say of each rendition, in playlist order.
  renditions jsonb NOT NULL DEFAULT '[]',
  segment_count integer NOT NULL DEFAULT 0,
  -- Segments whose media was damaged in the log and is not in the object store.
  lost_segments integer NOT NULL DEFAULT 0,
  frame_count bigint NOT NULL DEFAULT 0,
  byte_count bigint NOT NULL DEFAULT 0,
  reason text NOT NULL DEFAULT '',
  fence_token bigint NOT NULL
);

CREATE INDEX recordings_created ON recordings (created_at_ms DESC, id);

CREATE TABLE segments (
  recording_id text NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
  rendition text NOT NULL,
  msn integer NOT NULL,
  init integer NOT NULL,
  -- On the stream's timeline, in ticks of the timescale.
  start bigint NOT NULL,
  duration bigint NOT NULL,
  timescale integer NOT NULL,
  program_date_time_ms bigint NOT NULL,
  discontinuities integer NOT NULL,
  frames integer NOT NULL,
  bytes bigint NOT NULL,
  -- NULL: the segment is lost, and `reason` says why.
  object_key text,
  reason text NOT NULL DEFAULT '',
  -- Sequences of the MEDIA log that hold it.
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  fence_token bigint NOT NULL,
  PRIMARY KEY (recording_id, rendition, msn)
);
