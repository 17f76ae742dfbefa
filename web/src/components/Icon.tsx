/** Outlines of the icons, drawn in a square of 24. */
const outlines = {
  play: 'M8 5.5v13l10.500-6.500z',
  pause: 'M7 5.500h3v13H7zM14 5.500h3v13h-3z',
  stop: 'M6.500 6.500h11v11h-11z',
  sound: 'M4 9.500v5h3.500l4.500 4v-13l-4.500 4zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  muted: 'M4 9.500v5h3.500l4.500 4v-13l-4.500 4zM16 9.500l5 5M21 9.500l-5 5',
  enter: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  leave: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
  pip: 'M3.500 5.500h17v13h-17zM12.500 12h5.500v4h-5.500z',
  link: 'M10 14a4 4 0 0 0 5.700 0l3.300-3.300a4 4 0 0 0-5.700-5.700l-1.300 1.300M14 10a4 4 0 0 0-5.700 0L5 13.300A4 4 0 0 0 10.700 19l1.300-1.300',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v.01M17 17.500v.01M20 17v3h-3M14 20v.01',
  wave: 'M4 10.500v3M8 7.500v9M12 4.500v15M16 7.500v9M20 10.500v3',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  close: 'M6 6l12 12M18 6L6 18',
  chevron: 'M9 5.500l6.500 6.500L9 18.500',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.750a2.250 2.250 0 1 0 0 4.500 2.250 2.250 0 0 0 0-4.500zM9 14.750a2.250 2.250 0 1 0 0 4.500 2.250 2.250 0 0 0 0-4.500z',
  swap: 'M4 9h14l-3.500-3.500M20 15H6l3.500 3.500',
  rewind: 'M4.500 5v5h5M4.900 10a8 8 0 1 1-.4 5',
  camera: 'M3.500 7h11.500v10H3.500zM15 10.500l5.500-3v9l-5.500-3z',
  cameraOff: 'M7.500 7H15v7.500M15 10.500l5.500-3v9L17 14.500M13.500 17h-10V7M3.500 3.500l17 17',
  microphone: 'M12 3.500a2.750 2.750 0 0 0-2.750 2.750v5a2.750 2.750 0 0 0 5.500 0v-5A2.750 2.750 0 0 0 12 3.500zM5.750 11a6.250 6.250 0 0 0 12.500 0M12 17.250v3.250',
  microphoneOff: 'M9.250 9.250v2a2.750 2.750 0 0 0 4.500 2.100M14.750 10.500V6.250a2.750 2.750 0 0 0-5.200-1.250M5.750 11a6.250 6.250 0 0 0 10 5M18.250 11c0 .800-.150 1.600-.430 2.300M12 17.250v3.250M3.500 3.500l17 17',
  screen: 'M3.500 5h17v11h-17zM8.500 20h7M12 16v4',
  broadcast: 'M12 10.750a1.250 1.250 0 1 0 0 2.500 1.250 1.250 0 0 0 0-2.500zM8.500 15.500a5 5 0 0 1 0-7M15.500 8.500a5 5 0 0 1 0 7M5.650 18.350a9 9 0 0 1 0-12.700M18.350 5.650a9 9 0 0 1 0 12.700',
  viewers: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.250a2.750 2.750 0 1 0 0 5.500 2.750 2.750 0 0 0 0-5.500z',
  clock: 'M12 3.750a8.250 8.250 0 1 0 0 16.500 8.250 8.250 0 0 0 0-16.500zM12 7.500V12l3 2',
  warning: 'M12 4.500l8.500 15h-17zM12 10v4.500M12 17v.01',
  info: 'M12 3.750a8.250 8.250 0 1 0 0 16.500 8.250 8.250 0 0 0 0-16.500zM12 11v5M12 8v.01',
} as const

/** Names of the icons. */
export type IconName = keyof typeof outlines

const isSolid = (name: IconName): boolean => name === 'play' || name === 'pause' || name === 'stop'

/** An icon beside a text or in a labelled button; nothing that is read aloud. */
export const Icon = (props: { readonly name: IconName }) => (
  <svg class="icon" classList={{ solid: isSolid(props.name) }} viewBox="0 0 24 24" aria-hidden="true">
    <path d={outlines[props.name]} />
  </svg>
)
