/** Something in the log that must not be served as if it were whole. */
export type WindowProblem =
  | { readonly _tag: 'FragmentDamaged'; readonly seq: number; readonly rendition: string; readonly msn: number; readonly part: number }
  | { readonly _tag: 'FragmentMisplaced'; readonly seq: number; readonly rendition: string; readonly msn: number; readonly part: number }
  | { readonly _tag: 'PiecesIncomplete'; readonly seq: number; readonly reason: string }
  /** Records between the one before and this one are gone, and frames with them; `msn` and `part` are where the rendition goes on. */
  | { readonly _tag: 'FramesLost'; readonly seq: number; readonly rendition: string; readonly msn: number; readonly part: number; readonly frames: number }
  /** The record says what cannot be: nothing of it is used. */
  | { readonly _tag: 'CheckpointImplausible'; readonly seq: number; readonly reason: string }
