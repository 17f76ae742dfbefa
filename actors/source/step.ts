import type { SourceFact } from './sourceFacts.ts'

/** Where the unit under the parser begins. */
export interface UnitPosition {
  readonly ingestSeq: number
  readonly offset: number
}

/**
 * What a parser makes of the bytes at the beginning of a unit (an element head, a block head, a `moof`).
 * It depends on the bytes alone, never on how they were cut: a parser that has too few asks for more.
 */
export type Step<S> =
  /** So many bytes from the unit's beginning are needed; more than it was given, none beyond the unit. */
  | { readonly _tag: 'Need'; readonly bytes: number }
  /** Stops the index. `at` counts from the unit's beginning. */
  | { readonly _tag: 'Stop'; readonly reason: string; readonly at: number }
  /** `head` bytes are understood and fed (as `replacement`, where given), then `pass` bytes are fed unread. */
  | {
      readonly _tag: 'Taken'
      readonly state: S
      readonly facts: ReadonlyArray<SourceFact>
      readonly head: number
      readonly pass: number
      readonly replacement?: Uint8Array
    }

/** Asks for bytes. */
export const need = (bytes: number): Step<never> => ({ _tag: 'Need', bytes })

/** Stops the index. */
export const stop = (reason: string, at = 0): Step<never> => ({ _tag: 'Stop', reason, at })

/** The source begins again here: nothing is taken, the same bytes are read again from the fresh state. */
export const restart = <S>(fresh: S, at: UnitPosition): Step<S> => ({
  _tag: 'Taken',
  state: fresh,
  facts: [{ _tag: 'Restarted', at: { ingestSeq: at.ingestSeq, offset: at.offset } }],
  head: 0,
  pass: 0,
})
