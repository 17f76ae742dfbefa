/** What must not happen on any page, noted while somebody uses it; and what axe finds. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** What has happened on a page since it was opened. */
export interface PageReport {
  /** Sum of the unexpected layout shifts, as browsers count them (Layout Instability). */
  readonly shift: number
  /** What moved, for whoever must find out why. */
  readonly shifted: ReadonlyArray<string>
  /** What the page's own content security policy has refused. */
  readonly violations: ReadonlyArray<string>
  /** Errors that nobody caught. */
  readonly errors: ReadonlyArray<string>
}

const observe = `(() => {
  const report = { shift: 0, shifted: [], violations: [] }
  globalThis.millracePage = report
  document.addEventListener('securitypolicyviolation', (event) => report.violations.push(event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sample))
  const described = ({ node, previousRect, currentRect }) =>
    (node?.className || node?.nodeName) + ' ' + JSON.stringify(previousRect) + ' → ' + JSON.stringify(currentRect)
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue
      report.shift += value
      report.shifted.push(...sources.map(described))
    }
  }).observe({ type: 'layout-shift', buffered: true })
})()`

/** Observes every document that the page opens from now on; the function returned tells of the one that is open. */
export const observePage = async (page: Page): Promise<() => Promise<PageReport>> => {
  const errors: Array<string> = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.addInitScript({ content: observe })
  return async () => ({ ...(await page.evaluate<Omit<PageReport, 'errors'>>('globalThis.millracePage')), errors })
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeFinding {
  readonly id: string
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>
}

/** Resolves when nothing fades or moves in any more; what turns for ever goes on. */
const settled = `Promise.all(document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished.catch(() => undefined)))`

/** Everything that axe finds on the page once it stands still, one line for each place. */
export const axeFindings = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(`${settled}.then(() => undefined)`)
  await page.evaluate(axeSource)
  const found = await page.evaluate<{ readonly violations: ReadonlyArray<AxeFinding> }>("axe.run(document, { resultTypes: ['violations'] })")
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`))
}
