import { Show } from 'solid-js'
import { formatCount, viewersInWords } from './figures.ts'
import { Icon } from './Icon.tsx'

/** How many watch. On a picture: an eye and a figure, and words for whoever does not see them. */
export const ViewerCount = (props: { readonly count: number; readonly onPicture?: boolean }) => (
  <span classList={{ onPicture: props.onPicture === true, viewers: props.onPicture !== true }}>
    <Icon name="viewers" />
    <Show when={props.onPicture} fallback={<span>{props.count.toLocaleString('en')} watching</span>}>
      <span aria-hidden="true">{formatCount(props.count)}</span>
      <span class="visuallyHidden">{viewersInWords(props.count)}</span>
    </Show>
  </span>
)
