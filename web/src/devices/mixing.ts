/** Several sounds as one: a recorder takes one track. */

/** A track that plays all of them. */
export interface Mix {
  readonly track: MediaStreamTrack
  readonly close: () => void
}

/** Mixes sounds, for instance of a microphone and of a shared tab. */
export const mix = (sounds: ReadonlyArray<MediaStreamTrack>): Mix => {
  const context = new AudioContext()
  const together = context.createMediaStreamDestination()
  for (const sound of sounds) context.createMediaStreamSource(new MediaStream([sound])).connect(together)
  const [track] = together.stream.getAudioTracks()
  if (track === undefined) throw new Error('a mix has no track')
  // Suspended, it would give nothing, and the recorder would wait for it with the picture.
  void context.resume().catch(console.warn)
  return {
    track,
    close: () => {
      track.stop()
      void context.close().catch(console.warn)
    },
  }
}
