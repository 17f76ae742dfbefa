import { createMemo, createUniqueId, Index, Show } from 'solid-js'
import type { Preference } from '../player/paths.ts'
import { automatic, type Quality, shownLabel } from '../player/quality.ts'

interface Choice {
  readonly value: string
  readonly label: string
  readonly hint?: string
}

const Choices = (props: { readonly legend: string; readonly choices: ReadonlyArray<Choice>; readonly chosen: string; readonly onChoose: (value: string) => void }) => {
  const name = createUniqueId()
  return (
    <fieldset class="settingsChoices">
      <legend>{props.legend}</legend>
      <Index each={props.choices}>
        {(choice) => (
          <label class="settingsChoice">
            <input type="radio" name={name} value={choice().value} checked={props.chosen === choice().value} onChange={() => props.onChoose(choice().value)} />
            <span>{choice().label}</span>
            <Show when={choice().hint}>{(hint) => <span class="hint">{hint()}</span>}</Show>
          </label>
        )}
      </Index>
    </fieldset>
  )
}

const preferences: ReadonlyArray<Choice> = [
  { value: 'lowestDelay', label: 'Lowest delay' },
  { value: 'smoothest', label: 'Smoothest', hint: 'some seconds later' },
]

const qualities = (quality: Quality): ReadonlyArray<Choice> => {
  const shown = shownLabel(quality)
  const auto: Choice = { value: automatic, label: 'Automatic', ...(quality.chosen === automatic && shown !== undefined ? { hint: shown } : {}) }
  return [auto, ...quality.options.map(({ name, label }) => ({ value: name, label }))]
}

const sameChoices = (one: ReadonlyArray<Choice>, other: ReadonlyArray<Choice>): boolean => JSON.stringify(one) === JSON.stringify(other)

/** What the gear opens. */
export const SettingsPanel = (props: {
  readonly id: string
  readonly quality: Quality
  readonly isLive: boolean
  readonly preference: Preference
  readonly onQuality: (name: string) => void
  readonly onPreference: (preference: Preference) => void
  readonly onShortcuts: () => void
}) => {
  const choices = createMemo(() => qualities(props.quality), undefined, { equals: sameChoices })
  return (
    <div class="settingsPanel" id={props.id} tabindex="-1" role="group" aria-label="Settings">
      <Show when={props.quality.options.length > 0}>
        <Choices legend="Quality" choices={choices()} chosen={props.quality.chosen} onChoose={props.onQuality} />
      </Show>
      <Show when={props.isLive}>
        <Choices
          legend="Playback"
          choices={preferences}
          chosen={props.preference}
          onChoose={(value) => props.onPreference(value === 'smoothest' ? 'smoothest' : 'lowestDelay')}
        />
      </Show>
      <button class="settingsKeys" type="button" onClick={() => props.onShortcuts()}>
        Keyboard shortcuts <kbd>?</kbd>
      </button>
    </div>
  )
}
