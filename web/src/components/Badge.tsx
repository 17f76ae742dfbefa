import type { StreamStatus } from '../api/stream.ts'
import './badge.css'

const words: Readonly<Record<StreamStatus, string>> = { live: 'Live', ended: 'Ended', failed: 'Failed', archived: 'Recording' }

/** A stream's status in a word. */
export const Badge = (props: { readonly status: StreamStatus }) => <span class={`badge ${props.status}`}>{words[props.status]}</span>
