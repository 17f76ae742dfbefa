import type { Decide } from './Behavior.ts'
import { ACTOR_BACKLOG_MAX } from './limits.ts'

/**
 * Runs one behaviour: takes messages one after another, performs the actions of each before the next. Messages sent
 * while it runs wait in order. After a thrown defect it is stopped and takes nothing more.
 */
export class ActorCell<State, Message, Action> {
  readonly #decide: Decide<State, Message, Action>
  readonly #perform: (action: Action) => void
  readonly #onDefect: (cause: unknown) => void
  #state: State
  #queue: Array<Message> = []
  #running = false
  #stopped = false

  constructor(state: State, decide: Decide<State, Message, Action>, perform: (action: Action) => void, onDefect: (cause: unknown) => void) {
    this.#state = state
    this.#decide = decide
    this.#perform = perform
    this.#onDefect = onDefect
  }

  /** The state as it is between two messages. */
  get state(): State {
    return this.#state
  }

  /** Performs the actions with which an actor begins. */
  begin(actions: ReadonlyArray<Action>): void {
    this.#running = true
    this.#guard(() => actions.forEach(this.#perform))
    this.#running = false
    this.#drain()
  }

  send(message: Message): void {
    if (this.#stopped) return
    this.#queue.push(message)
    if (this.#queue.length > ACTOR_BACKLOG_MAX) return this.#fail(new Error(`${ACTOR_BACKLOG_MAX} messages wait`))
    this.#drain()
  }

  stop(): void {
    this.#stopped = true
    this.#queue = []
  }

  #drain(): void {
    if (this.#running) return
    this.#running = true
    for (let message = this.#queue.shift(); message !== undefined && !this.#stopped; message = this.#queue.shift()) {
      const next = message
      this.#guard(() => {
        const { state, actions } = this.#decide(this.#state, next, performance.now())
        this.#state = state
        actions.forEach(this.#perform)
      })
    }
    this.#running = false
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    if (this.#stopped) return
    this.stop()
    this.#onDefect(cause)
  }
}
