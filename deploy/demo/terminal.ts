/** How the demo speaks: headings, facts and figures, a line each. */

const isTerminal = process.stdout.isTTY === true

/** A heading with a blank line before it. */
export const heading = (text: string): void => {
  process.stdout.write(`\n${isTerminal ? `\x1b[1m${text}\x1b[0m` : text}\n`)
}

/** A fact under a heading. */
export const say = (text: string): void => {
  process.stdout.write(`  ${text}\n`)
}

/** `1234` ms → `1.23 s`; `–` where nothing was measured. */
export const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(2)} s`)
