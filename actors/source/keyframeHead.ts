/** What the first bytes of a frame tell: whether decoding can begin here, and its codec parameters in comparable form, empty when it carries none. */
export type KeyframeHead = { readonly key: false } | { readonly key: true; readonly parameters: string }
