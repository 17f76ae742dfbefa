import { describe, expect, it } from 'vitest'
import { brokeByItself, causeOfDeath } from './childDeath.ts'

const exited = { _tag: 'Exited', code: null, signal: null, complete: false, stderr: '' } as const

describe('an FFmpeg that has gone', () => {
  it.each([
    [{ signal: 'SIGSEGV' }], [{ signal: 'SIGABRT' }], [{ signal: 'SIGILL' }], [{ signal: 'SIGFPE' }], [{ signal: 'SIGBUS' }],
    [{ code: 1 }], [{ code: 187 }], [{ code: 0 }], [{ signal: 'SIGKILL', reason: 'gave nothing for 10000 ms while input came' }]
  ])('broke by itself: %o', (change) => {
    expect(brokeByItself({ ...exited, ...change })).toBe(true)
  })

  it.each([
    [{ signal: 'SIGKILL' }], [{ signal: 'SIGTERM' }], [{ code: 255 }], [{ code: 127 }], [{ code: 126 }], [{ reason: 'no more processes' }]
  ])('was ended from outside, or never ran: %o', (change) => {
    expect(brokeByItself({ ...exited, ...change })).toBe(false)
  })

  it('has a cause of death with its last words', () => {
    expect(causeOfDeath({ ...exited, code: 1, stderr: 'first line\nlast words\nstdin: write EPIPE\n' })).toBe('FFmpeg exited with 1: last words')
    expect(causeOfDeath({ ...exited, signal: 'SIGSEGV' })).toBe('FFmpeg was ended by SIGSEGV')
    expect(causeOfDeath({ ...exited, signal: 'SIGKILL', reason: 'hung' })).toBe('hung')
  })
})
