import { connect } from 'node:net'

/** Sends a request line exactly as given, which no HTTP client would, and reads until the answer's headers have come or the connection is cut. */
export const rawRequest = (port: number, path: string, method = 'GET'): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${path}`)))
    socket.on('connect', () => socket.write(`${method} ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`))
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (text.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
