import { type Accessor, createSignal, onCleanup } from 'solid-js'
import type { Engine, Figures } from './engine.ts'

const every_ms = 500

/** The engine's figures, twice a second. */
export const createFigures = (engine: Accessor<Engine | undefined>): Accessor<Figures | undefined> => {
  const [figures, setFigures] = createSignal<Figures>()
  const timer = setInterval(() => setFigures(engine()?.figures()), every_ms)
  onCleanup(() => clearInterval(timer))
  return figures
}
