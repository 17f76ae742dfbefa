/** Waits until `look` gives something; fails with `what` after the deadline. */
export const until = async <A>(what: string, look: () => Promise<A | undefined>, deadline_ms = 20_000): Promise<A> => {
  const end_ms = performance.now() + deadline_ms
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end_ms) throw new Error(`not within ${deadline_ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
