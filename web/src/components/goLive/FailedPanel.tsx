import type { Failure } from '../../publisher/publishingState.ts'
import { failureWords } from '../../publisher/words.ts'

/** The stream does not go on by itself: why, and what to do. */
export const FailedPanel = (props: { readonly failure: Failure; readonly onTryAgain: () => void; readonly onBack: () => void }) => (
  <div class="livePanel" role="alert">
    <h1>{failureWords(props.failure).title}</h1>
    <p class="endedWords">{failureWords(props.failure).detail}</p>
    <button class="button primary" type="button" onClick={() => props.onTryAgain()}>
      {props.failure.kind === 'taken' ? 'Take it back' : 'Try again'}
    </button>
    <button class="button" type="button" onClick={() => props.onBack()}>
      Start over
    </button>
  </div>
)
