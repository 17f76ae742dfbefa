/** What went wrong with a camera, a microphone or a screen, in words that say what to do. Pure. */

/** What was wanted. */
export type Wanted = 'camera' | 'microphone' | 'screen'

/** What went wrong. `cancelled`: people changed their mind; `unplugged`: it was there, and went away while in use. */
export type ProblemKind = 'insecure' | 'refused' | 'cancelled' | 'missing' | 'inUse' | 'unplugged' | 'unsupported' | 'unknown'

/** Words for people. */
export interface Problem {
  readonly kind: ProblemKind
  readonly wanted: Wanted
  readonly title: string
  readonly detail: string
}

/** What browsers say of an error. */
export interface DeviceError {
  readonly name: string
  readonly message: string
}

type Words = Readonly<Record<Wanted, readonly [title: string, detail: string]>>

const allow = 'Press the lock or camera symbol beside the page’s address, allow it for this site, then try again.'

const words: Readonly<Record<'refused' | 'missing' | 'inUse' | 'unplugged', Words>> = {
  refused: {
    camera: ['The browser does not let this page use the camera', allow],
    microphone: ['The browser does not let this page use the microphone', allow],
    screen: ['The screen was not shared', 'Choose a screen, a window or a tab when the browser asks.'],
  },
  missing: {
    camera: ['There is no camera', 'Plug one in: this page finds it by itself. Or share your screen, or go live with sound alone.'],
    microphone: ['There is no microphone', 'Plug one in: this page finds it by itself. Or go live without sound.'],
    screen: ['There is no screen to share', 'Try again, and choose another window or tab.'],
  },
  inUse: {
    camera: ['The camera is in use', 'Another program has it. Close that program or tab and try again, or choose another camera.'],
    microphone: ['The microphone is in use', 'Another program has it. Close that program or tab and try again, or choose another microphone.'],
    screen: ['The screen cannot be shared', 'Try again, and choose another window or tab.'],
  },
  unplugged: {
    camera: ['The camera is gone', 'It was unplugged or switched off. Plug it in again and the picture goes on by itself, or choose another.'],
    microphone: ['The microphone is gone', 'It was unplugged or switched off. Plug it in again and the sound goes on by itself, or choose another.'],
    screen: ['The screen is not shared any more', 'Share it again, or switch to the camera.'],
  },
}

const kinds: ReadonlyMap<string, keyof typeof words> = new Map([
  ['NotAllowedError', 'refused'],
  ['SecurityError', 'refused'],
  ['NotFoundError', 'missing'],
  ['OverconstrainedError', 'missing'],
  ['NotReadableError', 'inUse'],
  ['AbortError', 'inUse'],
])

const bySystem = 'The system does not let the browser use it: allow that in the system’s privacy settings, then try again.'

/** What an error of `getUserMedia` or `getDisplayMedia` means. */
export const problemOf = ({ name, message }: DeviceError, wanted: Wanted): Problem => {
  const kind = kinds.get(name)
  if (kind === undefined) return { kind: 'unknown', wanted, title: `The ${wanted} could not be opened`, detail: `Try again, or another browser. It says: ${message || name}` }
  const [title, detail] = words[kind][wanted]
  if (kind === 'refused' && /system/i.test(message)) return { kind, wanted, title, detail: bySystem }
  return { kind: kind === 'refused' && wanted === 'screen' ? 'cancelled' : kind, wanted, title, detail }
}

/** A device that was in use went away, or its sharing was ended. */
export const goneProblem = (wanted: Wanted): Problem => {
  const [title, detail] = words.unplugged[wanted]
  return { kind: 'unplugged', wanted, title, detail }
}

/** Browsers give devices only to pages that nobody can have changed on the way. */
export const insecureProblem: Problem = {
  kind: 'insecure',
  wanted: 'camera',
  title: 'This page may not use a camera',
  detail: 'Browsers allow it only on https:// addresses and on this computer itself (localhost). Open this page by such an address.',
}

/** The browser records nothing that Millrace takes. */
export const unsupportedProblem: Problem = {
  kind: 'unsupported',
  wanted: 'camera',
  title: 'This browser cannot record',
  detail: 'A current Chrome, Edge, Firefox or Safari can. Open this page in one of them.',
}
