import { Show } from 'solid-js'
import type { Notice } from '../player/watchState.ts'

/** Words in place of the picture. */
export const NoticePanel = (props: { readonly notice: Notice; readonly onWantsRecording: () => void }) => (
  <div class={`notice ${props.notice.tone}`} role="status">
    <Show when={props.notice.tone === 'busy'}>
      <span class="spinner small" aria-hidden="true" />
    </Show>
    <strong>{props.notice.title}</strong>
    <Show when={props.notice.detail}>{(detail) => <span dir="auto">{detail()}</span>}</Show>
    <Show when={props.notice.offersRecording}>
      <button class="button primary" type="button" onClick={props.onWantsRecording}>
        Watch from the beginning
      </button>
    </Show>
  </div>
)
