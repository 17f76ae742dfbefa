/** `65` → `1:05`, `3661` → `1:01:01`. */
export const formatPosition = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = `${String(rest).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

const steps: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]> = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** How long ago something was, in words, for instance `12 minutes ago`; empty for what is no date. */
export const formatAgo = (iso: string, now_ms: number): string => {
  const seconds = Math.round((now_ms - Date.parse(iso)) / 1000)
  if (Number.isNaN(seconds)) return ''
  const [unit, size] = steps.find(([, length]) => seconds >= length) ?? []
  if (unit === undefined || size === undefined) return 'just now'
  return relative.format(-Math.floor(seconds / size), unit)
}
