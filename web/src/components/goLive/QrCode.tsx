import { generate } from 'lean-qr'
import { qrPath } from './qrPath.ts'

/** Modules of quiet around a code (ISO/IEC 18004 §6.3.8). */
const quiet = 4

/** A text as a QR code, dark on light in any colour scheme, as scanners want it. */
export const QrCode = (props: { readonly text: string; readonly label: string }) => {
  const code = () => generate(props.text)
  const box = () => `${-quiet} ${-quiet} ${code().size + 2 * quiet} ${code().size + 2 * quiet}`
  return (
    <svg class="qr" viewBox={box()} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <path d={qrPath({ size: code().size, get: (x, y) => code().get(x, y) })} fill="#0f1f1e" />
    </svg>
  )
}
