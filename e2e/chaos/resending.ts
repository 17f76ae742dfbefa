/** Whether a publisher sent again only what was not acknowledged. Pure. */
import type { EdgeMessage } from '../kit/edgeSocket.ts'

/** What is wrong with the answers to `resume`, in sentences: each must ask for a chunk that was sent and is not acknowledged, or for the next one. */
export const resendingFaults = (messages: ReadonlyArray<EdgeMessage>, sent: number): ReadonlyArray<string> => {
  const faults: Array<string> = []
  let acknowledged = 0
  for (const message of messages) {
    const seq = Number(message.type === 'ack' ? message['seq'] : message['nextSeq'])
    if (message.type === 'ack') {
      if (seq + 1 < acknowledged) faults.push(`chunk ${seq} was acknowledged after chunk ${acknowledged - 1}`)
      acknowledged = Math.max(acknowledged, seq + 1)
    } else if (message.type === 'resumed') {
      if (seq < acknowledged) faults.push(`chunk ${seq} was asked for again though ${acknowledged} were acknowledged`)
      if (seq > sent) faults.push(`chunk ${seq} was asked for though only ${sent} were sent`)
      acknowledged = Math.max(acknowledged, seq)
    }
  }
  return faults
}
