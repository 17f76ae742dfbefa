/** What people fill in and choose, each with its label. */
import { createUniqueId, For, Show } from 'solid-js'

/** One thing of several that can be chosen. */
export interface Option<T extends string> {
  readonly value: T
  readonly label: string
  /** In smaller letters beside the label. */
  readonly detail?: string
  readonly disabled?: boolean
}

/** A line of text. `error` says what is wrong with it. */
export const TextField = (props: {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly hint?: string
  readonly error?: string | undefined
  readonly placeholder?: string
  readonly maxLength?: number
  readonly disabled?: boolean
}) => {
  const id = createUniqueId()
  const describedBy = () => (props.error !== undefined || props.hint !== undefined ? `${id}-said` : undefined)
  return (
    <div class="field">
      <label class="fieldLabel" for={id}>
        {props.label}
      </label>
      <input
        class="input"
        id={id}
        type="text"
        dir="auto"
        autocomplete="off"
        value={props.value}
        placeholder={props.placeholder}
        maxLength={props.maxLength}
        disabled={props.disabled}
        aria-invalid={props.error !== undefined}
        aria-describedby={describedBy()}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      <Show when={props.error} fallback={<Show when={props.hint}>{(hint) => <span class="fieldHint" id={`${id}-said`}>{hint()}</span>}</Show>}>
        {(error) => <span class="fieldError" id={`${id}-said`} role="alert">{error()}</span>}
      </Show>
    </div>
  )
}

/** One of a list that may be long, for instance a device. */
export const SelectField = <T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: ReadonlyArray<Option<T>>
  readonly onChoose: (value: T) => void
  readonly disabled?: boolean
}) => {
  const choose = (value: string): void => {
    const chosen = props.options.find((option) => option.value === value)
    if (chosen !== undefined) props.onChoose(chosen.value)
  }
  return (
    <label class="field">
      <span class="fieldLabel">{props.label}</span>
      <select class="select" disabled={props.disabled} onChange={(event) => choose(event.currentTarget.value)}>
        <For each={props.options}>
          {(option) => (
            <option value={option.value} selected={option.value === props.value} disabled={option.disabled}>
              {option.detail === undefined ? option.label : `${option.label} · ${option.detail}`}
            </option>
          )}
        </For>
      </select>
    </label>
  )
}

/** One of a few, all in sight. */
export const Choices = <T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: ReadonlyArray<Option<T>>
  readonly onChoose: (value: T) => void
  readonly disabled?: boolean
}) => {
  const name = createUniqueId()
  return (
    <fieldset class="choices">
      <legend>{props.label}</legend>
      <div class="choiceRow">
        <For each={props.options}>
          {(option) => (
            <label class="choice">
              <input
                type="radio"
                name={name}
                checked={option.value === props.value}
                disabled={props.disabled === true || option.disabled === true}
                onChange={() => props.onChoose(option.value)}
              />
              <span>{option.label}</span>
              <Show when={option.detail}>{(detail) => <small>{detail()}</small>}</Show>
            </label>
          )}
        </For>
      </div>
    </fieldset>
  )
}

/** On or off, at once. */
export const Switch = (props: { readonly label: string; readonly on: boolean; readonly onSwitch: (on: boolean) => void; readonly disabled?: boolean }) => (
  <label class="switch">
    <input type="checkbox" role="switch" checked={props.on} disabled={props.disabled} onChange={(event) => props.onSwitch(event.currentTarget.checked)} />
    <span>{props.label}</span>
  </label>
)
