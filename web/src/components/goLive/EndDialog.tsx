import { createEffect } from 'solid-js'

/** Asks before a stream is ended. */
export const EndDialog = (props: { readonly isOpen: boolean; readonly onEnd: () => void; readonly onStay: () => void }) => {
  let dialog: HTMLDialogElement | undefined
  createEffect(() => {
    if (props.isOpen) dialog?.showModal()
    else dialog?.close()
  })
  return (
    <dialog class="ask" ref={dialog} aria-labelledby="ask" onClose={() => props.onStay()}>
      <h2 id="ask">End the stream?</h2>
      <p>Viewers see its end. The recording stays.</p>
      <div class="askWays">
        <button class="button" type="button" autofocus onClick={() => props.onStay()}>
          Keep going
        </button>
        <button class="button endButton" type="button" onClick={() => props.onEnd()}>
          End stream
        </button>
      </div>
    </dialog>
  )
}
