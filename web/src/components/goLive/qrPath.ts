/** The dark modules of a QR code as one SVG path, a run of each row at a time, in units of a module. Pure. */
export const qrPath = ({ size, get }: { readonly size: number; readonly get: (x: number, y: number) => boolean }): string => {
  let path = ''
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!get(x, y)) continue
      const from = x
      while (x + 1 < size && get(x + 1, y)) x++
      path += `M${from} ${y}h${x + 1 - from}v1h-${x + 1 - from}z`
    }
  }
  return path
}
