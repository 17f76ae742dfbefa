import { describe, expect, it } from 'vitest'
import { classify } from './classify.ts'

const failure = (message: string, code?: string): Error => Object.assign(new Error(message), code === undefined ? {} : { code })

describe('what a failure of the database means', () => {
  it.each(['40001', '40P01', '57P01', '57P02', '08006'])('%s: run the whole transaction again at once', (code) => {
    expect(classify(failure('x', code))).toMatchObject({ _tag: 'DatabaseUnavailable', code, transient: true })
  })

  it.each(['57P03', '53300', '53100', '57014', '25006', 'ECONNREFUSED', 'ENOTFOUND'])('%s: the database is away, later', (code) => {
    expect(classify(failure('x', code))).toMatchObject({ _tag: 'DatabaseUnavailable', code, transient: false })
  })

  it.each(['Connection terminated unexpectedly', 'Client has encountered a connection error and is not queryable'])('"%s": a lost connection', (message) => {
    expect(classify(failure(message))).toMatchObject({ _tag: 'DatabaseUnavailable', transient: true })
  })

  it.each(['23505', '23502', '42P01', '22021'])('%s: the statement itself is refused', (code) => {
    expect(classify(failure('x', code))).toMatchObject({ _tag: 'StatementRefused', code })
  })
})
