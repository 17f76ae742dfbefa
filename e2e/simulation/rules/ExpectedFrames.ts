import type { Camera, CameraFrame } from '../life/camera.ts'

/**
 * FFmpeg gives a picture only with the next, and how long the newest lasts is not known when it dies. The first ones of
 * a stream wait for more.
 */
const LOST_BEFORE_POISON = 2
const FIRST_WAIT_FRAMES = 10

/** The pictures that a stream must have, by their times (90 kHz) and in order, and those of them that it may lack. */
export class ExpectedFrames {
  readonly #times: Array<number> = []
  readonly #optional = new Set<number>()

  get times(): ReadonlyArray<number> {
    return this.#times
  }

  get count(): number {
    return this.#times.length
  }

  push(pts: number): void {
    this.#times.push(pts)
  }

  /** A picture that may be there or not comes before the one with that index. */
  insert(index: number, pts: number): void {
    this.#times.splice(index, 0, pts)
  }

  /** What comes behind those pushed so far cannot be shown: FFmpeg crashes on it. */
  breakHere(): void {
    const from = this.#times.length <= FIRST_WAIT_FRAMES ? 0 : this.#times.length - LOST_BEFORE_POISON
    for (const pts of this.#times.slice(from)) this.#optional.add(pts)
  }

  /** Place of a picture that comes next behind `from` others; undefined where it is not due. */
  due(from: number, pts: number): number | undefined {
    for (let index = from; index < this.#times.length; index++) {
      const time = this.#times[index]
      if (time === pts) return index
      if (time === undefined || !this.#optional.has(time)) return undefined
    }
    return undefined
  }

  /** Whether all that is due behind `from` pictures may be lacking. */
  isWhole(from: number): boolean {
    return this.#times.slice(from).every((pts) => this.#optional.has(pts))
  }

  /** Whether pictures are all that are due, in order. */
  matches(pictures: ReadonlyArray<number>): boolean {
    let next = 0
    for (const pts of pictures) {
      const at = this.due(next, pts)
      if (at === undefined) return false
      next = at + 1
    }
    return this.isWhole(next)
  }
}

/** What of one byte stream can be shown, as it is stored: behind damage and poison, from the next keyframe on. */
export class Showable {
  /** Set while nothing can be shown: bytes before this are damaged. */
  #behind: number | undefined
  #unreadable = false

  /** Bytes are not what was sent. Whether that is a loss of its own: nothing more is lost where the header is. */
  damaged(camera: Camera, from: number, end: number): boolean {
    if (this.#unreadable) return false
    if (from < camera.headerBytes) this.#unreadable = true
    this.#behind = Math.max(this.#behind ?? 0, end)
    return true
  }

  /** Takes the next whole picture. */
  take(frame: CameraFrame, camera: Camera): 'Shown' | 'Lost' | 'Poison' {
    if (this.#unreadable) return 'Lost'
    const goesOn = this.#behind !== undefined && frame.key && frame.cluster >= this.#behind
    if (this.#behind !== undefined && !goesOn) return 'Lost'
    this.#behind = undefined
    if (frame.pts !== camera.poison) return 'Shown'
    this.#behind = 0
    return 'Poison'
  }
}

/**
 * Whether bytes of a camera may be given up for its poison: those up to the next keyframe, from where a successor resumes,
 * which is no further back than the keyframe before that of the pictures that may be lost with it.
 */
export const isNearPoison = ({ frames, poison }: Camera, from: number, end: number): boolean => {
  const at = frames.findIndex(({ pts }) => pts === poison)
  if (at < 0) return false
  const next = frames.find(({ key }, index) => index > at && key)
  const keys = frames.filter(({ key }, index) => key && index <= Math.max(0, at - LOST_BEFORE_POISON))
  return from < (next?.end ?? Number.POSITIVE_INFINITY) && end > ((keys.at(-2) ?? keys.at(-1))?.cluster ?? 0)
}
