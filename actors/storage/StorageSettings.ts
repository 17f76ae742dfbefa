import { Context } from 'effect'
import type { Redacted } from 'effect'

/** What an operator sets of the object store. */
export interface StorageSettingsShape {
  /** `http(s)://ACCESS:SECRET@host:port/bucket` or `file:/folder`. No default: bring-up always names one. */
  readonly url: Redacted.Redacted<string>
  /** Longest that one operation on the store may take, its transfer included. Default 30 000. */
  readonly operationTimeout_ms: number
}

/** The settings of the object store. */
export class StorageSettings extends Context.Service<StorageSettings, StorageSettingsShape>()('millrace/actors/storage/StorageSettings') {}
