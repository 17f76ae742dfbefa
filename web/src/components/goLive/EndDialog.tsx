import { Dialog } from '../Dialog.tsx'

/** Asks before a stream is ended. */
export const EndDialog = (props: { readonly isOpen: boolean; readonly onEnd: () => void; readonly onStay: () => void }) => (
  <Dialog title="End the stream?" open={props.isOpen} onClose={props.onStay}>
    <p>Viewers see its end. The recording stays.</p>
    <div class="dialogWays">
      <button class="button" type="button" autofocus onClick={() => props.onStay()}>
        Keep going
      </button>
      <button class="button endButton" type="button" onClick={() => props.onEnd()}>
        End stream
      </button>
    </div>
  </Dialog>
)
