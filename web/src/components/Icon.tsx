/** Outlines of the icons, drawn in a square of 24. */
const outlines = {
  play: 'M8 5.5v13l10.500-6.500z',
  pause: 'M8 5v14M16 5v14',
  sound: 'M4 9.500v5h3.500l4.500 4v-13l-4.500 4zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  muted: 'M4 9.500v5h3.500l4.500 4v-13l-4.500 4zM16 9.500l5 5M21 9.500l-5 5',
  enter: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  leave: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
  pip: 'M3.500 5.500h17v13h-17zM12.500 12h5.500v4h-5.500z',
  link: 'M10 14a4 4 0 0 0 5.700 0l3.300-3.300a4 4 0 0 0-5.700-5.700l-1.300 1.300M14 10a4 4 0 0 0-5.700 0L5 13.300A4 4 0 0 0 10.700 19l1.300-1.300',
  check: 'M5 12.500l4.500 4.500L19 7.500',
} as const

/** Names of the icons. */
export type IconName = keyof typeof outlines

/** An icon beside a text or in a labelled button; nothing that is read aloud. */
export const Icon = (props: { readonly name: IconName }) => (
  <svg class="icon" classList={{ solid: props.name === 'play' }} viewBox="0 0 24 24" aria-hidden="true">
    <path d={outlines[props.name]} />
  </svg>
)
