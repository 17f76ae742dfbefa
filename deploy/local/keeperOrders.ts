/** A process group that must not outlive the starter. */
export interface KeptGroup {
  /** Leader of the group: its process id is the group's id. */
  readonly pid: number
  /** What asks it to end in an orderly way; SIGKILL follows after `grace_ms`. */
  readonly stopSignal: NodeJS.Signals
  readonly grace_ms: number
}

/** What the starter tells its keeper, one JSON object per line. */
export type KeeperOrder =
  | { readonly kind: "keep"; readonly group: KeptGroup }
  | { readonly kind: "drop"; readonly pid: number }
  | { readonly kind: "removeFolder"; readonly path: string }
  | { readonly kind: "folderRemoved"; readonly path: string }
