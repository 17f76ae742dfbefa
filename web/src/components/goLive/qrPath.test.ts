import { expect, test } from 'vitest'
import { qrPath } from './qrPath.ts'

test('each run of dark modules is one rectangle', () => {
  const rows = ['##.', '..#', '###']
  expect(qrPath({ size: 3, get: (x, y) => rows[y]?.[x] === '#' })).toBe('M0 0h2v1h-2zM2 1h1v1h-1zM0 2h3v1h-3z')
})
