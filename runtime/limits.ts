/** Every bound of the runtime that is not a setting, with its unit last. */

/** Wait for the acknowledgement of one append before its outcome counts as unknown. */
export const APPEND_TIMEOUT_MS = 1_000
/** Pause before an append whose outcome is unknown is looked up or sent again; doubles up to the second value. */
export const APPEND_RETRY_MS = 50
export const APPEND_RETRY_MAX_MS = 1_000
/** Every so many attempts an append that still waits is logged. */
export const APPEND_WARN_ATTEMPTS = 8
/** Pauses between attempts while a log is full, and how many attempts before `LogFull`. */
export const FULL_RETRY_MS = 250
export const FULL_ATTEMPTS_MAX = 8
/** Wait for any other answer of the JetStream API. */
export const API_TIMEOUT_MS = 5_000
/** Longest handshake of a connection to NATS. */
export const CONNECT_TIMEOUT_MS = 2_000
/**
 * A connection that leads nowhere is found out by its pings, within (unanswered + 1) intervals, and made anew. Leases do
 * not wait for that: they go by heartbeats.
 */
export const PING_MS = 2_000
export const PINGS_UNANSWERED_MAX = 2
/** Largest message that our logs take, where the server's own `max_payload` is not smaller. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024
/** Room that a record's own fields and headers may take in a message beside its bytes. */
export const MESSAGE_OVERHEAD_BYTES = 64 * 1024
/**
 * Byte credit of one pull. All readers of a process share its connection, which the server cuts when 64 MB wait for it;
 * so the usual credit is small, and a message that is bigger than it gets a pull of the largest message's size.
 */
export const PULL_BYTES = 512 * 1024
export const PULL_BYTES_MAX = MESSAGE_BYTES_MAX + MESSAGE_OVERHEAD_BYTES
/** Messages of one pull, how long it stays open, how often the server shows that it is alive meanwhile. */
export const PULL_MESSAGES = 1_000
export const PULL_EXPIRES_MS = 30_000
export const PULL_HEARTBEAT_MS = 1_000
/** Silence, heartbeats included, after which a reader makes its consumer anew. */
export const PULL_SILENCE_MS = 2_500
/** Pause before a reader tries again after its consumer could not be made. */
export const PULL_RETRY_MS = 200
/** A consumer whose reader is gone is removed by the server after this. */
export const CONSUMER_INACTIVE_MS = 60_000
/** Consumers that one reader goes on trying to remove. */
export const CONSUMERS_UNWANTED_MAX = 32
export const CONSUMER_ACK_WAIT_MS = 600_000
/** Delivered messages whose acknowledgement subject a mailbox remembers. */
export const MAILBOX_ACKS_MAX = 4_096
/** Consumers that one JetStream stream may have. */
export const CONSUMERS_MAX = 20_000
/** A quiet owner writes a tick this often, so that its log's head stays near the tail. */
export const TICK_MS = 30_000
/** The janitor trims this often, and while a log is more than half full. */
export const TRIM_MS = 10_000
export const TRIM_BUSY_MS = 2_000
/** How often a process looks at how full the logs are, and while one is fuller than this share. */
export const FILL_LOOK_MS = 2_000
export const FILL_LOOK_BUSY_MS = 500
export const FILL_BUSY_SHARE = 0.4
/**
 * Share of a log above which no record is appended that is not small: what is left is for those that end, hand over and
 * trim. Half of it is for these alone: above the second share no session may begin.
 */
export const BIG_RECORDS_SHARE_MAX = 0.95
export const SESSIONS_SHARE_MAX = 0.975
/** Share of a log's bytes above which it is also trimmed subject by subject, how many subjects a round, and the pause between. */
export const LOG_PINNED_SHARE = 0.5
export const RELIEVED_MAX = 8
export const RELIEVE_PAUSE_MS = 1_000
/** Logs of which such subjects are purged at the same time. */
export const RELIEVED_LOGS_MAX = 8
/** Pause before an actor is taken over again where the log gave no answer. */
export const UNAVAILABLE_PAUSE_MS = 500
/** How often the world is told, a sweep apart, that an actor has failed, before its lease is given up for somebody else to try; how long each time. */
export const TELL_FAILED_ATTEMPTS_MAX = 10
export const TELL_FAILED_MS_MAX = 30_000
/** Longest pause between two heartbeats, however long leases are: what they tell of streams is to be right within 2 s. */
export const BEAT_MS_MAX = 400
/** Actors of which a heartbeat tells how they keep up, those furthest behind first: some 40 bytes each, five times a lease to every node. */
export const FIGURES_TOLD_MAX = 1_000
/** Nodes look for actors without an owner this often. */
export const SWEEP_MS = 5_000
/** How long a hint may stay unanswered before another node gets it. */
export const COMMAND_ACK_WAIT_MS = 2_000
/** How long a node that drains waits for NATS to say that no hint is on its way there, before it hands over. */
export const LET_HINTS_GO_MS = 1_000
/** Step by which the next-best node waits before it claims an actor that the best one may claim. */
export const CLAIM_STAGGER_MS = 100
/** Messages waiting for one actor's `decide` before it counts as stuck. */
export const ACTOR_BACKLOG_MAX = 100_000
/** Pause before something that an actor publishes is sent again. */
export const PUBLISH_RETRY_MS = 250
/** Questions to one actor that wait for its answer; the oldest gives way. */
export const QUESTIONS_MAX = 1_000
/** Wait for an actor's answer to what it was told; pause before it is told again; how often before it is a dead letter. */
export const TELL_ANSWER_MS = 500
export const TELL_RETRY_MS = 500
export const TELL_DELIVERIES_MAX = 60
/** Floors that the janitor reads at a time. */
export const FLOOR_READS_MAX = 16
/** What all logs may hold beside what the server's account may: above it there is no room for buckets and for growth. */
export const ACCOUNT_SHARE_MAX = 0.8
/** Pause before a starting node looks again at logs that give no answer, and how often it does. */
export const PROVISION_RETRY_MS = 500
export const PROVISION_ATTEMPTS_MAX = 40
/** Pause before NATS is asked again about a lease of which it is not known who has it, and how often. */
export const LEASE_RETRY_MS = 500
export const LEASE_ATTEMPTS_MAX = 20

/** Sequences before a head that cannot be read in which a readable record is looked for, step by step. */
export const DAMAGED_HEAD_LOOKBACKS = [64, 4_096, Number.MAX_SAFE_INTEGER]
