import type { StreamState } from '../api/stream.ts'
import './badge.css'

const words: Readonly<Record<StreamState, string>> = {
  waiting: 'Starting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Ended',
  failed: 'Failed',
  archived: 'Recording',
}

/** A stream's state in a word, with a colour that says the same. */
export const Badge = (props: { readonly status: StreamState }) => <span class={`badge ${props.status}`}>{words[props.status]}</span>
