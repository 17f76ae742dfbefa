import { createSignal, Show } from 'solid-js'
import './timeline.css'

const stepsMost = 5_000

/** A bar to go to another moment of what plays. `seeks`: at once with each movement, or when it is let go. */
export const Timeline = (props: {
  readonly label: string
  readonly length_s: number
  readonly position_s: number
  /** How far it can be gone to without waiting, in seconds of the bar. */
  readonly ready_s: number
  readonly seeks: 'at once' | 'when let go'
  /** Words for a moment of the bar. */
  readonly words: (position_s: number) => string
  readonly onSeek: (position_s: number) => void
}) => {
  const [pointed, setPointed] = createSignal<number>()
  const [held_s, setHeld] = createSignal<number>()
  const length_s = () => Math.max(0.1, props.length_s)
  const shown_s = () => Math.min(length_s(), held_s() ?? props.position_s)
  const percent = (seconds: number): string => `${Math.min(100, (100 * seconds) / length_s())}%`
  const point = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    setPointed(Math.min(1, Math.max(0, (event.clientX - left) / width)) * length_s())
  }
  return (
    <div class="timeline" onPointerMove={point} onPointerLeave={() => setPointed(undefined)}>
      <Show when={pointed()}>
        {(at) => (
          <span class="bubble" style={{ left: percent(at()) }}>
            {props.words(at())}
          </span>
        )}
      </Show>
      <input
        class="slider seek"
        type="range"
        aria-label={props.label}
        aria-valuetext={props.words(shown_s())}
        min="0"
        max={length_s()}
        step={Math.max(0.1, Math.ceil(length_s()) / stepsMost)}
        value={shown_s()}
        style={{ '--done': percent(shown_s()), '--ready': percent(props.ready_s) }}
        onInput={(event) => (props.seeks === 'at once' ? props.onSeek(event.currentTarget.valueAsNumber) : setHeld(event.currentTarget.valueAsNumber))}
        onChange={(event) => {
          setHeld(undefined)
          if (props.seeks === 'when let go') props.onSeek(event.currentTarget.valueAsNumber)
        }}
      />
    </div>
  )
}
