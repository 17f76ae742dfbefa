/** How good the picture is to be. */
export interface Preset {
  readonly name: '480p' | '720p' | '1080p'
  readonly width: number
  readonly height: number
  readonly bitsPerSecond: number
}

/** What is recorded where nobody chose. */
export const defaultPreset: Preset = { name: '720p', width: 1280, height: 720, bitsPerSecond: 2_500_000 }

/** The presets, from the one that the slowest line carries to the best picture. */
export const presets: ReadonlyArray<Preset> = [
  { name: '480p', width: 854, height: 480, bitsPerSecond: 1_000_000 },
  defaultPreset,
  { name: '1080p', width: 1920, height: 1080, bitsPerSecond: 5_000_000 },
]

/** The preset of that name; the default where there is none. */
export const presetOf = (name: string): Preset => presets.find((preset) => preset.name === name) ?? defaultPreset

/** Pictures a second, at most. */
export const frameRate = 30
/** Bits a second of sound. */
export const soundBitsPerSecond = 128_000
