import type { Action, Run, Source, StreamState } from './streamState.ts'

/** One turn of the actor: the state as it changes, and the actions in order. Lives for one call of `decide`. */
export class Turn {
  readonly actions: Array<Action> = []
  readonly now_ms: number
  #state: StreamState

  constructor(state: StreamState, now_ms: number) {
    this.#state = state
    this.now_ms = now_ms
  }

  get state(): StreamState {
    return this.#state
  }

  set(change: Partial<StreamState>): void {
    this.#state = { ...this.#state, ...change }
  }

  setRun(change: Partial<Run>): void {
    if (this.#state.run !== undefined) this.set({ run: { ...this.#state.run, ...change } })
  }

  setSource(change: Partial<Source>): void {
    if (this.#state.source !== undefined) this.set({ source: { ...this.#state.source, ...change } })
  }

  act(action: Action): void {
    this.actions.push(action)
  }
}
