/** Reading what came as JSON from elsewhere: whatever it is, nothing throws. Pure. */

/** The value that a text stands for; `undefined`: it is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a value is an object whose fields can be looked at. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** A text, or nothing in the place of anything else. */
export const readText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A finite number, or `undefined` in the place of anything else. */
export const readNumber = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
