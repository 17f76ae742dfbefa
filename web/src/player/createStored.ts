import { type Accessor, createSignal } from 'solid-js'

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** One of a few values that this browser remembers, where it may. */
export const createStored = <T extends string>(key: string, values: readonly [T, ...ReadonlyArray<T>]): readonly [Accessor<T>, (value: T) => void] => {
  const stored = read(key)
  const [value, setValue] = createSignal<T>(values.find((known) => known === stored) ?? values[0])
  const store = (next: T): void => {
    setValue(() => next)
    try {
      localStorage.setItem(key, next)
    } catch (error) {
      console.warn('This choice is not remembered.', error)
    }
  }
  return [value, store]
}
