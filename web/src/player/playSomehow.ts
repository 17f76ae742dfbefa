const isNotAllowed = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotAllowedError'

/** How it began to play. */
export type Started = 'started' | 'silenced' | 'refused'

/** Starts, and where the browser refuses sound, starts silently. An engine that is left meanwhile counts as started. */
export const playSomehow = async (video: HTMLVideoElement): Promise<Started> => {
  try {
    await video.play()
    return 'started'
  } catch (error) {
    if (!isNotAllowed(error)) return 'started'
    if (video.muted) return 'refused'
    video.muted = true
    return video.play().then(
      (): Started => 'silenced',
      (refused: unknown): Started => (isNotAllowed(refused) ? 'refused' : 'silenced'),
    )
  }
}
