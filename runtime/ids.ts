import { randomBytes } from 'node:crypto'

const ID = /^[A-Za-z0-9_-]{1,64}$/

/** What an id must be, for whoever sent another: follows its name. */
export const ID_RULE = 'must be 1 to 64 letters, digits, dashes and underscores'

/** Whether `text` may be used as an id: in a subject, a path, a query. */
export const isId = (text: string): boolean => ID.test(text)

/** A new id that nobody guesses or has: 120 random bits, 20 characters, valid by `isId`. */
export const newId = (): string => randomBytes(15).toString('base64url')
