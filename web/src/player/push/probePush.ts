import { socketUrl } from '../../api/socketUrl.ts'
import { asViewer } from '../../api/viewerId.ts'

const within_ms = 5_000

/** Whether the edge pushes media of a stream now: connects, waits for the first of it and leaves. */
export const probePush = (id: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = new WebSocket(socketUrl(asViewer(`/ws/watch/${id}`)))
    socket.binaryType = 'arraybuffer'
    const finish = (works: boolean): void => {
      clearTimeout(timer)
      socket.onmessage = socket.onclose = null
      socket.close()
      resolve(works)
    }
    const timer = setTimeout(() => finish(false), within_ms)
    socket.onmessage = ({ data }) => void (data instanceof ArrayBuffer && finish(true))
    socket.onclose = () => finish(false)
  })
