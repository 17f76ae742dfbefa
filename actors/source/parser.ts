import type { Container } from './sourceFacts.ts'
import { freshMp4, stepMp4, type Mp4State } from './mp4Index.ts'
import type { Step, UnitPosition } from './step.ts'
import type { Timeline } from './timeline.ts'
import { freshWebm, stepWebm, type WebmState } from './webmIndex.ts'

/** A container's parser, and where it is. */
export type Parser = { readonly container: 'webm'; readonly state: WebmState } | { readonly container: 'mp4'; readonly state: Mp4State }

/** Before the first byte. */
export const freshParser = (container: Container): Parser => (container === 'webm' ? { container, state: freshWebm } : { container, state: freshMp4 })

/** What a parser made of a unit, and where it is then. */
export interface Stepped {
  readonly parser: Parser
  readonly step: Step<unknown>
}

/** Reads one unit. */
export const step = (parser: Parser, unit: Uint8Array, at: UnitPosition): Stepped => {
  if (parser.container === 'webm') {
    const result = stepWebm(parser.state, unit, at)
    return { parser: result._tag === 'Taken' ? { container: 'webm', state: result.state } : parser, step: result }
  }
  const result = stepMp4(parser.state, unit, at)
  return { parser: result._tag === 'Taken' ? { container: 'mp4', state: result.state } : parser, step: result }
}

/** Whether the header has been read, and promises video. */
export const hasHeader = ({ state }: Parser): boolean => state.header !== undefined
export const hasVideo = ({ state }: Parser): boolean => state.header?.video !== undefined

/** The latest times seen. */
export const timelineOf = ({ state }: Parser): Timeline => state.timeline

/** The same place, with other latest times. */
export const withTimeline = (parser: Parser, timeline: Timeline): Parser =>
  parser.container === 'webm' ? { container: 'webm', state: { ...parser.state, timeline } } : { container: 'mp4', state: { ...parser.state, timeline } }

/** The same place, where nothing but the header has been fed. */
export const unfed = (parser: Parser): Parser => (parser.container === 'webm' ? parser : { container: 'mp4', state: { ...parser.state, fed: parser.state.headerLength } })

/** Between units of a source whose header is known, of which nothing else is. */
export const afterLoss = (parser: Parser): Parser => {
  if (parser.container === 'mp4') return unfed({ container: 'mp4', state: { ...freshMp4, ...headerOf(parser.state), headerLength: parser.state.headerLength } })
  return { container: 'webm', state: { ...freshWebm, ...headerOf(parser.state) } }
}

const headerOf = <Header>({ header }: { readonly header?: Header }): { readonly header?: Header } => (header === undefined ? {} : { header })
