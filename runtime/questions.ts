import { QUESTIONS_MAX } from './limits.ts'

/** Questions that an actor has been asked and has not answered yet. The oldest gives way when there are too many. */
export interface Questions {
  /** Remembers a question; gives its number. */
  readonly add: (answer: (body: Uint8Array) => void) => number
  readonly answer: (question: number, body: Uint8Array) => void
}

/** An empty list of questions. */
export const makeQuestions = (): Questions => {
  const pending = new Map<number, (body: Uint8Array) => void>()
  let asked = 0
  return {
    add: (answer) => {
      pending.set(++asked, answer)
      pending.delete(asked - QUESTIONS_MAX)
      return asked
    },
    answer: (question, body) => {
      pending.get(question)?.(body)
      pending.delete(question)
    }
  }
}
