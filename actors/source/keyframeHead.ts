/** Size of a picture in pixels. */
export interface PictureSize {
  readonly width: number
  readonly height: number
}

/**
 * What the first bytes of a frame tell: whether decoding can begin here, its codec parameters in comparable form, empty
 * when it carries none, and its size, where the codec says it in plain words.
 */
export type KeyframeHead = { readonly key: false } | { readonly key: true; readonly parameters: string; readonly size?: PictureSize }
