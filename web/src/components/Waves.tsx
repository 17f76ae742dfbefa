import { createMemo, createUniqueId, For } from 'solid-js'
import { waterOf } from './waves.ts'

/** A drawing that stands for a stream; decoration only. */
export const Waves = (props: { readonly id: string }) => {
  const water = createMemo(() => waterOf(props.id))
  const gradient = createUniqueId()
  return (
    <svg class="waves" viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <linearGradient id={gradient} x1="0" y1="0" x2="0.6" y2="1">
        <stop stop-color={water().from} />
        <stop offset="1" stop-color={water().to} />
      </linearGradient>
      <rect width="320" height="180" fill={`url(#${gradient})`} />
      <g fill="none" stroke="#fff" stroke-width="1.5">
        <For each={water().lines}>{(line, row) => <path d={line} vector-effect="non-scaling-stroke" opacity={0.4 - row() * 0.045} />}</For>
      </g>
    </svg>
  )
}
