/** Figures as people read them. Pure. */

const counts = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `7` → `7`, `12345` → `12.3K`. */
export const formatCount = (count: number): string => counts.format(count)

/** How many watch, in words. */
export const viewersInWords = (count: number): string => (count === 1 ? '1 viewer' : `${count} viewers`)

/** About how long something is, for instance `45 s`, `12 min`, `1 h 5 min`. */
export const formatLength = (length_ms: number): string => {
  const seconds = Math.round(length_ms / 1000)
  if (seconds < 60) return `${Math.max(1, seconds)} s`
  const minutes = Math.round(seconds / 60)
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return [hours > 0 ? `${hours} h` : '', rest > 0 ? `${rest} min` : ''].filter(Boolean).join(' ')
}
