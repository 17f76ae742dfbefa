/** Adds a callback to those that are called back, until the returned function is called. */
export const listen = <Callback>(callbacks: Set<Callback>, callback: Callback): (() => void) => {
  callbacks.add(callback)
  return () => void callbacks.delete(callback)
}
