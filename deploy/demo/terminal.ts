/** How the demo speaks: headings, facts, and one line that is written again and again where the terminal can. */

const canRewrite = process.stdout.isTTY === true
const rewritten = '\r\x1b[2K'
let openLine = false

const closeLine = (): void => {
  if (openLine) process.stdout.write('\n')
  openLine = false
}

/** A heading with a blank line before it. */
export const heading = (text: string): void => {
  closeLine()
  process.stdout.write(`\n${canRewrite ? `\x1b[1m${text}\x1b[0m` : text}\n`)
}

/** A line that stays. */
export const say = (text: string): void => {
  closeLine()
  process.stdout.write(`  ${text}\n`)
}

/** A line that the next one replaces; where the output is no terminal, a line like others. */
export const progress = (text: string): void => {
  if (!canRewrite) return say(text)
  process.stdout.write(`${openLine ? rewritten : ''}  ${text}`)
  openLine = true
}

/** `1234` ms → `1.23 s`; `–` where nothing was measured. */
export const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(2)} s`)
