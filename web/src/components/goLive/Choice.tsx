import { For } from 'solid-js'
import { Icon, type IconName } from '../Icon.tsx'

/** One of a few things that can be chosen. */
export interface Option<T extends string> {
  readonly value: T
  readonly label: string
  readonly detail?: string
  readonly icon?: IconName
}

/** A row of buttons of which one is pressed. */
export const Choice = <T extends string>(props: {
  readonly label: string
  readonly options: ReadonlyArray<Option<T>>
  readonly value: T
  readonly onChoose: (value: T) => void
}) => (
  <div class="choice" role="group" aria-label={props.label}>
    <For each={props.options}>
      {(option) => (
        <button class="choiceOption" type="button" aria-pressed={props.value === option.value} onClick={() => props.onChoose(option.value)}>
          {option.icon === undefined ? undefined : <Icon name={option.icon} />}
          <span>{option.label}</span>
          {option.detail === undefined ? undefined : <small>{option.detail}</small>}
        </button>
      )}
    </For>
  </div>
)
